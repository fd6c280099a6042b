"""Each gap of MiniStack is still there: a test that fails says which row and which code of `gaps.py` to remove."""

import socket
from collections.abc import Callable
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.whole.spec import SIZES

from .gaps import GAPS, PARAMETERS, REPORTED
from .holdings import CLUSTER
from .world import Account

_INSTANCE = {
    "DBInstanceIdentifier": "gap",
    "DBInstanceClass": "db.t4g.small",
    "Engine": "postgres",
    "EngineVersion": "16",
    "AllocatedStorage": 20,
    "MasterUsername": "gap",
    "ManageMasterUserPassword": True,
    "EngineLifecycleSupport": "open-source-rds-extended-support-disabled",
}


@pytest.fixture(scope="module")
def instance(account: Account) -> Any:
    """An instance as MiniStack shows it."""
    rds = account.clients["rds"]
    rds.create_db_instance(**_INSTANCE)
    yield rds.describe_db_instances(DBInstanceIdentifier="gap")["DBInstances"][0]
    rds.delete_db_instance(DBInstanceIdentifier="gap", SkipFinalSnapshot=True)


def scaling(account: Account, _instance: Any) -> bool:
    return _refused(account.clients["application-autoscaling"].describe_scalable_targets, ServiceNamespace="dynamodb")


def connection(account: Account, _instance: Any) -> bool:
    gateway = account.clients["apigatewayv2"]
    api = gateway.create_api(Name="gap", ProtocolType="HTTP")["ApiId"]
    made = gateway.create_integration(
        ApiId=api,
        IntegrationType="HTTP_PROXY",
        IntegrationMethod="ANY",
        IntegrationUri="arn:aws:elasticloadbalancing:us-east-1:123456789012:listener/app/shop/5/f",
        ConnectionType="VPC_LINK",
        ConnectionId="abc123",
        PayloadFormatVersion="1.0",
    )
    gateway.delete_api(ApiId=api)
    return "ConnectionId" not in made


def link(account: Account, _instance: Any) -> bool:
    return _refused(account.clients["apigatewayv2"].create_vpc_link, Name="gap", SubnetIds=account.subnets)


def tagging(account: Account, _instance: Any) -> bool:
    eks, role = account.clients["eks"], "arn:aws:iam::123456789012:role/cluster"
    made = eks.create_pod_identity_association(
        clusterName=CLUSTER, namespace="gap", serviceAccount="gap", roleArn=role
    )["association"]
    refused = _refused(eks.tag_resource, resourceArn=made["associationArn"], tags={"team": "shop"})
    eks.delete_pod_identity_association(clusterName=CLUSTER, associationId=made["associationId"])
    return refused


def secret(_account: Account, instance: Any) -> bool:
    return "MasterUserSecret" not in instance


def lifecycle(_account: Account, instance: Any) -> bool:
    return "EngineLifecycleSupport" not in instance


def endpoint(_account: Account, instance: Any) -> bool:
    shown = instance["Endpoint"]
    with socket.socket() as probe:
        probe.settimeout(5)
        return probe.connect_ex((shown["Address"], shown["Port"])) != 0


def parameters(account: Account, _instance: Any) -> bool:
    rds = account.clients["rds"]
    name = {"DBParameterGroupName": "gap"}
    rds.create_db_parameter_group(**name, DBParameterGroupFamily="postgres16", Description="gap")
    listed = {entry["ParameterName"] for entry in rds.describe_db_parameters(**name)["Parameters"]}
    rds.delete_db_parameter_group(**name)
    return not PARAMETERS.keys() <= listed


def versions(account: Account, _instance: Any) -> bool:
    rds = account.clients["rds"]
    listed = rds.describe_db_engine_versions(Engine="postgres")["DBEngineVersions"]
    resolved = rds.describe_db_engine_versions(Engine="postgres", EngineVersion="16", DefaultOnly=True)
    return not resolved["DBEngineVersions"] and not any(version.get("ValidUpgradeTarget") for version in listed)


def classes(account: Account, _instance: Any) -> bool:
    asked = {"Engine": "postgres", "DBInstanceClass": SIZES["small"]}
    offered = account.clients["rds"].describe_orderable_db_instance_options(**asked)
    return not offered["OrderableDBInstanceOptions"]


def fargate(account: Account, _instance: Any) -> bool:
    return _refused(account.clients["eks"].list_fargate_profiles, clusterName=CLUSTER)


def quotas(account: Account, _instance: Any) -> bool:
    return _refused(account.clients["rds"].describe_account_attributes)


def _refused(call: Callable[..., Any], **parameters: Any) -> bool:
    try:
        call(**parameters)
    except ClientError:
        return True
    return False


PROBES = (
    classes,
    connection,
    endpoint,
    fargate,
    lifecycle,
    link,
    parameters,
    quotas,
    scaling,
    secret,
    tagging,
    versions,
)


def test_every_gap_is_probed() -> None:
    assert sorted(probe.__name__ for probe in PROBES) == sorted(GAPS | REPORTED)


@pytest.mark.parametrize("probe", PROBES, ids=lambda probe: str(probe.__name__))
def test_the_gap_is_still_there(account: Account, instance: Any, probe: Callable[[Account, Any], bool]) -> None:
    gap = (GAPS | REPORTED)[probe.__name__]
    assert probe(account, instance), f"MiniStack no longer {gap.what}: remove the row and its code from gaps.py"
