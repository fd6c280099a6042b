"""Each check by the answers of AWS: what holds, what fails, and what cannot be told."""

from typing import Any

import pytest

from microservice_operator.api.parsing import Environment
from microservice_operator.conformance.report import Result
from tests.unit.conformance.account import ACCOUNT, environment, run

IRSA = {"type": "IRSA", "oidcProviderARN": f"arn:aws:iam::{ACCOUNT}:oidc-provider/oidc.example/id/1"}
DENIED = [{"EvalActionName": "sqs:TagQueue", "EvalDecision": "implicitDeny"}]
FULL = [{"AccountQuotaName": "DBInstances", "Used": 40, "Max": 40}]
ROWS: list[tuple[str, dict[str, Any], Environment, str]] = [
    ("region", {"DescribeRegions": {"Regions": [{"OptInStatus": "not-opted-in"}]}}, environment(), "not-opted-in"),
    ("permissions for sqs", {"SimulatePrincipalPolicy": {"EvaluationResults": DENIED}}, environment(), "sqs:TagQueue"),
    ("VPC", {"DescribeVpcs": {"Vpcs": [{"State": "pending"}]}}, environment(), "VPC vpc-1 is pending"),
    ("VPC", {"DescribeVpcs": {"Vpcs": []}}, environment(), "VPC vpc-1 does not exist"),
    ("subnets", {"DescribeSubnets": {"Subnets": []}}, environment(), "subnets subnet-a, subnet-b do not exist"),
    ("subnets", {}, environment(vpcID="vpc-2"), "are not in VPC vpc-2"),
    ("pod security group", {}, environment(vpcID="vpc-2"), "is in VPC vpc-1, not in vpc-2"),
    ("pod security group", {"DescribeSecurityGroups": {"SecurityGroups": []}}, environment(), "sg-1 does not exist"),
    ("EKS cluster", {"DescribeCluster": {"cluster": {"status": "FAILED"}}}, environment(), "cluster prod is FAILED"),
    ("Pod Identity agent", {"DescribeAddon": {"addon": {"status": "DEGRADED"}}}, environment(), "is DEGRADED"),
    ("OIDC provider", {"GetOpenIDConnectProvider": {}}, environment(identity=IRSA), "audience sts.amazonaws.com"),
    ("permissions boundary", {}, environment(permissionsBoundaryARN=None), "permissionsBoundaryARN is not set"),
    ("permissions boundary", {"GetPolicy": "NoSuchEntity"}, environment(), "policy/boundary does not exist"),
    ("messaging key", {"DescribeKey": {"KeyMetadata": {"KeyState": "PendingDeletion"}}}, environment(), "is Pending"),
    ("VPC link", {"GetVpcLink": {"VpcLinkStatus": "INACTIVE"}}, environment(), "VPC link abc is INACTIVE"),
    ("listener", {"DescribeListeners": {"Listeners": []}}, environment(), "correct spec.aws.apiGateway.listenerARN"),
    (
        "instance class of size small",
        {"DescribeDBEngineVersions": {"DBEngineVersions": []}},
        environment(),
        "RDS does not offer PostgreSQL 16",
    ),
    (
        "instance class of size small",
        {"DescribeOrderableDBInstanceOptions": {"OrderableDBInstanceOptions": []}},
        environment(),
        "RDS does not offer db.t4g.small",
    ),
    ("quota of roles", {"GetAccountSummary": {"SummaryMap": {"Roles": 9, "RolesQuota": 9}}}, environment(), "9 IAM"),
    ("quotas of RDS", {"DescribeAccountAttributes": {"AccountQuotas": FULL}}, environment(), "DBInstances 40 of 40"),
]


async def test_everything_holds() -> None:
    report, clients = await run()
    assert [check for check in report.checks if check.result is not Result.OK] == []
    assert report.certified
    assert not any(call.changes for call in clients.calls)


async def test_a_cluster_in_auto_mode_needs_no_add_on() -> None:
    cluster = {"status": "ACTIVE", "computeConfig": {"enabled": True}}
    report, _ = await run({"DescribeCluster": {"cluster": cluster}, "DescribeAddon": "ResourceNotFoundException"})
    assert report.certified


@pytest.mark.parametrize(("namespaces", "told"), [(["kube-system"], ""), (["kube-system", "shop", "web"], "shop, web")])
async def test_pods_on_fargate_get_no_role_by_pod_identity(namespaces: list[str], told: str) -> None:
    profile = {"selectors": [{"namespace": namespace} for namespace in namespaces]}
    answers = {
        "ListFargateProfiles": {"fargateProfileNames": ["a"]},
        "DescribeFargateProfile": {"fargateProfile": profile},
    }
    report, _ = await run(answers)
    [check] = [check for check in report.checks if check.name == "Fargate profiles"]
    assert check.result is (Result.NOT_CHECKED if told else Result.OK)
    assert (f"the namespaces {told} on Fargate, where Pod Identity gives no role" in check.reason) == bool(told)


@pytest.mark.parametrize(("name", "answers", "given", "message"), ROWS)
async def test_a_check_that_fails(name: str, answers: dict[str, Any], given: Environment, message: str) -> None:
    report, _ = await run(answers, given)
    [check] = [check for check in report.checks if check.name == name]
    assert check.result is Result.FAILED
    assert message in check.reason
    assert not report.certified


@pytest.mark.parametrize(
    ("name", "answers", "message"),
    [
        ("VPC", {"DescribeVpcs": "UnauthorizedOperation"}, "allow it to the operator's role"),
        ("listener", {"DescribeListeners": "AccessDenied"}, "allow elasticloadbalancing:DescribeListeners"),
        ("permissions for iam", {"SimulatePrincipalPolicy": "AccessDenied"}, "iam:SimulatePrincipalPolicy"),
        ("Pod Identity agent", {"DescribeAddon": "ResourceNotFoundException"}, "its DaemonSet runs on every node"),
        (
            "permissions for iam",
            {"GetCallerIdentity": {"Account": ACCOUNT, "Arn": f"arn:aws:iam::{ACCOUNT}:root"}},
            "name one with --role-arn",
        ),
    ],
)
async def test_a_check_that_cannot_tell(name: str, answers: dict[str, Any], message: str) -> None:
    report, _ = await run(answers)
    [check] = [check for check in report.checks if check.name == name]
    assert check.result is Result.NOT_CHECKED
    assert message in check.reason
    assert not report.certified
