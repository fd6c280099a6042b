"""Each permission is withdrawn alone: the report names its action, and what is left is deleted once it is back.

By default every eighth one; `MICROSERVICE_OPERATOR_TEST_ALL=1` withdraws all.
"""

import os

import pytest

from microservice_operator.aws.iam.operator_permissions import RIGHTS
from microservice_operator.conformance.report import Result

from .conftest import World
from .test_run import left, unmet

STEP = 1 if os.environ.get("MICROSERVICE_OPERATOR_TEST_ALL") else 8
# no call of a run has their names: AWS checks them when it acts for the caller, or only other changes need them
NOT_CALLED = {
    "apigateway:PATCH",
    "cloudwatch:DeleteAlarms",
    "cloudwatch:DescribeAlarms",
    "cloudwatch:PutMetricAlarm",
    "ec2:RevokeSecurityGroupIngress",
    "eks:TagResource",
    "eks:UntagResource",
    "eks:UpdatePodIdentityAssociation",
    "iam:CreateServiceLinkedRole",
    "iam:PassRole",
    "iam:PutRolePermissionsBoundary",
    "iam:TagRole",
    "iam:UntagRole",
    "iam:UpdateAssumeRolePolicy",
    "kms:CreateGrant",
    "kms:Decrypt",
    "kms:Encrypt",
    "kms:GenerateDataKey",
    "kms:GenerateDataKeyWithoutPlaintext",
    "kms:ReEncryptFrom",
    "kms:ReEncryptTo",
    "rds:CreateDBSnapshot",
    "rds:DescribeDBSnapshots",
    "rds:ModifyDBSubnetGroup",
    "rds:RebootDBInstance",
    "rds:ResetDBParameterGroup",
    "rds:StartDBInstance",
    "secretsmanager:CreateSecret",
    "secretsmanager:GetSecretValue",
    "secretsmanager:TagResource",
    "sns:SetTopicAttributes",
}
GRANTED = sorted({action for right in RIGHTS if not right.option for action in right.granted})
CALLED = [action for action in GRANTED if action not in NOT_CALLED]
READS = {
    "ec2:DescribeRegions": "region",
    "ec2:DescribeSubnets": "subnets",
    "ec2:DescribeVpcs": "VPC",
    "eks:DescribeAddon": "Pod Identity agent",
    "eks:DescribeCluster": "EKS cluster",
    "eks:DescribeFargateProfile": "Fargate profiles",
    "eks:ListFargateProfiles": "Fargate profiles",
    "elasticloadbalancing:DescribeListeners": "listener",
    "iam:GetAccountSummary": "quota of roles",
    "iam:GetPolicy": "permissions boundary",
    "iam:SimulatePrincipalPolicy": "permissions for sqs",
    "rds:DescribeAccountAttributes": "quotas of RDS",
    "rds:DescribeOrderableDBInstanceOptions": "instance class of size small",
}
LISTS = {"iam:ListRoles", "tag:GetResources"}


async def test_these_are_the_actions_of_a_run(world: World) -> None:
    await world.run(create=True, database=True)
    assert world.layer.asked == {*CALLED, *READS, *LISTS, "sts:GetCallerIdentity"}


@pytest.mark.parametrize("action", CALLED[::STEP])
async def test_a_withdrawn_permission_of_the_operator(world: World, action: str) -> None:
    world.layer.withdrawn = {action}
    report = await world.run(create=True, database=True)
    assert not report.certified
    service = action.partition(":")[0]
    reasons = {name: reason for name, _, reason in unmet(report)}
    assert action in reasons.get(f"permissions for {service}", "")
    del reasons[f"permissions for {service}"]
    assert action in " ".join(reasons.values())  # a step, or another check
    world.layer.withdrawn = set()
    assert unmet(await world.run(clean=True)) == []
    assert left(world) == []


async def test_every_permission_of_the_operator_is_simulated(world: World) -> None:
    world.layer.withdrawn = set(NOT_CALLED)
    report = await world.run()
    reasons = " ".join(reason for _, _, reason in unmet(report))
    assert {action for action in NOT_CALLED if action not in reasons} == set()
    assert {result for _, result, _ in unmet(report)} == {Result.FAILED}


@pytest.mark.parametrize("action", READS)
async def test_a_refused_read_is_not_checked(world: World, action: str) -> None:
    world.layer.withdrawn = {action}
    report = await world.run()
    refused = {check.name: check for check in report.checks}[READS[action]]
    assert refused.result is Result.NOT_CHECKED
    assert action in refused.reason
    assert not report.certified


@pytest.mark.parametrize("action", sorted(LISTS))
async def test_nothing_is_created_if_leftovers_cannot_be_listed(world: World, action: str) -> None:
    world.layer.withdrawn = {action}
    report = await world.run(create=True)
    [(name, _, reason)] = unmet(report)
    assert name == "delete what earlier runs left"
    assert action in reason
    assert world.proxy.writes() == []
