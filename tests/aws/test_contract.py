"""What the contract refuses that AWS refuses, and the emulator and botocore do not."""

from typing import Any

import boto3
import pytest
from botocore.session import get_session

from tests.fakes.aws import contract
from tests.fakes.aws.tag_rules import tag_offences

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


# service, tags, what is wrong with them
TAGS: list[tuple[str, dict[str, str], list[str]]] = [
    ("dynamodb", {"Cost Centre": "a@example.org", "a/b:c=d+e-f.g_h": ""}, []),
    ("dynamodb", {"k" * 128: "v" * 256}, []),
    ("ec2", {"k" * 128: ""}, [f"tag {'k' * 128}: its key has 128 characters, not 1 to 127"]),
    ("sqs", {"k": "v" * 257}, ["tag k: its value has 257 characters, not 256"]),
    ("sns", {"Größe": "1"}, ["tag Größe: 1 has a character that not all services accept"]),
    ("eks", {"AWS:x": ""}, ["tag AWS:x: its key has a reserved prefix"]),
    ("eks", {"rds:x": "aws:x"}, []),
    (
        "rds",
        {"rds:x": "", "a": "aws:x"},
        ["tag rds:x: its key has a reserved prefix", "tag a: its value aws:x has a reserved prefix"],
    ),
    ("iam", {"team": "", "Team": ""}, ["tags Team, team: two keys differ only in case"]),
    ("sqs", {str(number): "" for number in range(51)}, ["51 tags, not 50"]),
]


@pytest.mark.parametrize(("service", "tags", "wrong"), TAGS)
@pytest.mark.parametrize("form", ["map", "list", "specifications"])
def test_tags(service: str, tags: dict[str, str], wrong: list[str], form: str) -> None:
    listed = [{"Key": key, "Value": value} for key, value in tags.items()]
    forms: dict[str, dict[str, Any]] = {
        "map": {"tags": tags},
        "list": {"Tags": listed},
        "specifications": {"TagSpecifications": [{"Tags": listed}]},
    }
    assert list(tag_offences(service, forms[form])) == wrong


def test_each_call_of_a_client_is_checked(emulator: str) -> None:
    session: Any = boto3.session.Session("test", "test", region_name="us-east-1")
    client = session.client("iam", endpoint_url=emulator)
    client.list_roles(MaxItems=1001)
    client.close()
    assert contract.taken() == ["iam:ListRoles: input.MaxItems is 1001, not 1 to 1000"]
