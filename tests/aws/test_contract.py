"""What the contract refuses that AWS refuses, and the emulator and botocore do not."""

from typing import Any

import boto3
import pytest
from botocore.session import get_session

from tests.fakes.aws import contract

KEY = [{"AttributeName": "id", "KeyType": "HASH"}]
TABLE = {"TableName": "products", "KeySchema": KEY, "AttributeDefinitions": []}
POLICY = {"PolicyName": "p", "ServiceNamespace": "dynamodb", "ScalableDimension": "dynamodb:table:ReadCapacityUnits"}

# service, action, parameters, what is wrong with them
CALLS: list[tuple[str, str, dict[str, Any], list[str]]] = [
    ("dynamodb", "CreateTable", TABLE, []),
    ("dynamodb", "CreateTable", {"TableName": "products"}, []),  # AWS stopped requiring the keys
    ("dynamodb", "CreateTable", {}, ["input lacks TableName"]),
    ("dynamodb", "CreateTable", {**TABLE, "Colour": 1}, ["input.Colour is not in the model"]),
    ("dynamodb", "CreateTable", {**TABLE, "TableName": ""}, ["input.TableName: length is 0, not 1 to 1024"]),
    ("rds", "DescribeDBInstances", {"MaxRecords": 5}, []),  # the model has no bounds, the text has: not seen here
    (
        "iam",
        "TagRole",
        {"RoleName": "a", "Tags": [{"Key": "k", "Value": "v"}] * 51},
        ["input.Tags: number of items is 51, not None to 50"],
    ),
    (
        "dynamodb",
        "CreateTable",
        {**TABLE, "BillingMode": "FREE"},
        ["input.BillingMode is FREE, not one of PROVISIONED, PAY_PER_REQUEST"],
    ),
    (
        "dynamodb",
        "CreateTable",
        {**TABLE, "ProvisionedThroughput": {"ReadCapacityUnits": 0, "WriteCapacityUnits": 1}},
        ["input.ProvisionedThroughput.ReadCapacityUnits is 0, not 1 to None"],
    ),
    (
        "iam",
        "GetRole",
        {"RoleName": "a role"},
        [r"input.RoleName is a role, which does not match [\w+=,.@-]+"],
    ),
    ("eks", "TagResource", {"resourceArn": "x", "tags": {}}, ["input.tags: number of keys is 0, not 1 to 50"]),
    ("application-autoscaling", "PutScalingPolicy", {**POLICY, "ResourceId": "table/a-🛒"}, []),
]


@pytest.mark.parametrize(("service", "action", "parameters", "wrong"), CALLS)
def test_offences(service: str, action: str, parameters: dict[str, Any], wrong: list[str]) -> None:
    shape = get_session().get_service_model(service).operation_model(action).input_shape
    assert shape
    assert list(contract.offences(shape, parameters)) == wrong


def test_each_call_of_a_client_is_checked(emulator: str) -> None:
    session: Any = boto3.session.Session("test", "test", region_name="us-east-1")
    client = session.client("iam", endpoint_url=emulator)
    client.list_roles(MaxItems=1001)
    client.close()
    assert contract.taken() == ["iam:ListRoles: input.MaxItems is 1001, not 1 to 1000"]
