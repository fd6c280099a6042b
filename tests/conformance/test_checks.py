"""Each check fails when what the Environment names is not as the operator needs it, and says what to do."""

from collections.abc import Callable
from typing import Any

import pytest

from microservice_operator.api.parsing import Environment

from .account import ACCOUNT, TRUST
from .conftest import World
from .test_run import unmet

Row = tuple[str, Callable[[World], Environment], str]


def changed(**fields: Any) -> Callable[[World], Environment]:
    return lambda world: world.prepared.environment(**fields)


def gateway(**fields: Any) -> Callable[[World], Environment]:
    return lambda world: world.prepared.environment(apiGateway={**world.prepared.aws["apiGateway"], **fields})


def one_zone(world: World) -> Environment:
    ec2, [subnet, _] = world.prepared.clients["ec2"], world.prepared.aws["subnetIDs"]
    found = ec2.describe_subnets(SubnetIds=[subnet])["Subnets"][0]
    alike = {"VpcId": found["VpcId"], "AvailabilityZone": found["AvailabilityZone"]}
    made = ec2.create_subnet(CidrBlock="172.31.192.0/20", **alike)["Subnet"]["SubnetId"]
    return world.prepared.environment(subnetIDs=[subnet, made])


def another_vpc(world: World) -> Environment:
    ec2 = world.prepared.clients["ec2"]
    return world.prepared.environment(vpcID=ec2.create_vpc(CidrBlock="10.9.0.0/16")["Vpc"]["VpcId"])


def oidc(world: World) -> Environment:
    iam = world.prepared.clients["iam"]
    url = "https://oidc.example/id/1"
    arn = iam.create_open_id_connect_provider(Url=url, ClientIDList=["other"], ThumbprintList=["0" * 40])
    provider = arn["OpenIDConnectProviderArn"]
    return world.prepared.environment(identity={"type": "IRSA", "oidcProviderARN": provider})


def disabled_key(world: World) -> Environment:
    kms = world.prepared.clients["kms"]
    key = kms.create_key()["KeyMetadata"]
    kms.disable_key(KeyId=key["KeyId"])
    return world.prepared.environment(messagingKeyARN=key["Arn"])


def no_agent(world: World) -> Environment:
    world.layer.aws.eks.addons.clear()
    return world.prepared.environment()


def degraded_agent(world: World) -> Environment:
    world.layer.aws.eks.addons["eks-pod-identity-agent"] = "DEGRADED"
    return world.prepared.environment()


def class_in_no_zone(world: World) -> Environment:
    world.layer.aws.rds.zones = ()
    return world.prepared.environment()


def class_in_one_zone(world: World) -> Environment:
    world.layer.aws.rds.zones = ("us-east-1a", "us-east-1f")
    return world.prepared.environment()


def full_quota(world: World) -> Environment:
    world.layer.aws.rds.quota = 0
    return world.prepared.environment()


LISTENER = "arn:aws:elasticloadbalancing:us-east-1:123456789012:listener/app/none/50dc6c495c0c9188/f2f7dc8efc522ab2"
KEY = "arn:aws:kms:us-east-1:123456789012:key/00000000-0000-0000-0000-000000000000"
NO_OIDC = {"type": "IRSA", "oidcProviderARN": "arn:aws:iam::123456789012:oidc-provider/oidc.example/id/2"}
ROWS: dict[str, Row] = {
    "no VPC": ("VPC", changed(vpcID="vpc-0"), "VPC vpc-0 does not exist; correct spec.aws.vpcID"),
    "no subnet": ("subnets", changed(subnetIDs=["subnet-0", "subnet-1"]), "subnets subnet-0, subnet-1 do not exist"),
    "subnets of one zone": ("subnets", one_zone, "name subnets in at least two zones"),
    "subnets of another VPC": ("subnets", another_vpc, "are not in VPC"),
    "no group": ("pod security group", changed(podSecurityGroupID="sg-0"), "security group sg-0 does not exist"),
    "a group of another VPC": ("pod security group", another_vpc, "is in VPC"),
    "no cluster": (
        "EKS cluster",
        changed(identity={"type": "PodIdentity", "clusterName": "none"}),
        "cluster none does not exist",
    ),
    "a degraded agent": ("Pod Identity agent", degraded_agent, "is DEGRADED"),
    "no OIDC provider": ("OIDC provider", changed(identity=NO_OIDC), "does not exist"),
    "another audience": ("OIDC provider", oidc, "does not accept the audience sts.amazonaws.com"),
    "no boundary": ("permissions boundary", changed(permissionsBoundaryARN=None), "permissionsBoundaryARN is not set"),
    "an unknown boundary": (
        "permissions boundary",
        changed(permissionsBoundaryARN="arn:aws:iam::123456789012:policy/none"),
        "policy/none does not exist",
    ),
    "no key": ("messaging key", changed(messagingKeyARN=KEY), "does not exist"),
    "no key of tables": ("table key", changed(tableKeyARN=KEY), "does not exist"),
    "no key of databases": ("database key", changed(databaseKeyARN=KEY), "does not exist"),
    "a disabled key": ("messaging key", disabled_key, "is Disabled"),
    "no link": ("VPC link", gateway(vpcLinkID="none"), "VPC link none does not exist"),
    "no listener": ("listener", gateway(listenerARN=LISTENER), "elbv2:DescribeListeners on listener"),
    "a class that RDS does not offer": (
        "instance class of size small",
        class_in_no_zone,
        "does not offer db.t4g.small",
    ),
    "a full quota": ("quotas of RDS", full_quota, "quotas of RDS are full: DBInstances 0 of 0"),
    "a class in one zone": ("instance class of size small", class_in_one_zone, "only in us-east-1a, us-east-1f"),
}


@pytest.mark.parametrize("row", ROWS)
async def test_a_failing_check(world: World, row: str) -> None:
    name, environment, message = ROWS[row]
    report = await world.run(environment(world))
    failed = {check: (result, reason) for check, result, reason in unmet(report)}
    assert failed[name][0] == "failed"
    assert message in failed[name][1]
    assert not report.certified


async def test_a_cluster_without_the_agents_add_on_is_not_checked(world: World) -> None:
    report = await world.run(no_agent(world))
    [(name, result, reason)] = unmet(report)
    assert (name, result) == ("Pod Identity agent", "not checked")
    assert "check that its DaemonSet runs on every node" in reason


async def test_a_region_that_is_not_enabled(world: World) -> None:
    report = await world.run(
        world.prepared.environment(region="xx-none-1", messagingKeyARN=None, apiGateway=None), create=True
    )
    assert ("region", "failed") in [(name, result) for name, result, _ in unmet(report)]
    assert world.proxy.writes() == []


async def test_the_permissions_of_a_role_that_is_named(world: World) -> None:
    role = "arn:aws:iam::123456789012:role/platform/operator"
    world.layer.withdrawn = {"dynamodb:DeleteTable"}
    report = await world.run(role_arn=role)
    [(name, _, reason)] = unmet(report)
    assert name == "permissions for dynamodb"
    assert reason == f"{role} lacks dynamodb:DeleteTable; add it to the policy"
    asked = [call.body for call in world.proxy.calls if call.action == "SimulatePrincipalPolicy"]
    assert {body["PolicySourceArn"] for body in asked} == {role}


async def test_the_role_of_a_session_has_its_path(world: World) -> None:
    """ "Identifiers for IAM users" in the IAM User Guide: the ARN of a session lacks the path of the role."""
    iam = world.prepared.clients["iam"]
    iam.create_role(RoleName="operator", Path="/platform/", AssumeRolePolicyDocument=TRUST)
    world.layer.caller = f"arn:aws:sts::{ACCOUNT}:assumed-role/operator/session"
    assert unmet(await world.run()) == []
    asked = [call.body for call in world.proxy.calls if call.action == "SimulatePrincipalPolicy"]
    assert {body["PolicySourceArn"] for body in asked} == {f"arn:aws:iam::{ACCOUNT}:role/platform/operator"}


async def test_the_root_user_is_not_simulated(world: World) -> None:
    world.layer.caller = f"arn:aws:iam::{ACCOUNT}:root"
    report = await world.run()
    assert {result for _, result, _ in unmet(report)} == {"not checked"}
    assert {"name one with --role-arn" in reason for _, _, reason in unmet(report)} == {True}


async def test_refused_credentials_fail(world: World) -> None:
    world.layer.withdrawn = {"sts:GetCallerIdentity"}
    name, result, reason = unmet(await world.run(create=True))[0]
    assert (name, result) == ("credentials and account", "failed")
    assert "sts:GetCallerIdentity" in reason
    assert world.proxy.writes() == []
