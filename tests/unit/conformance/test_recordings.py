"""Recordings contain what AWS defines and nothing that identifies an account."""

import json

from microservice_operator.api.environment import EnvironmentSpec
from microservice_operator.api.parsing import Environment
from microservice_operator.aws.engine.call import Measured
from microservice_operator.conformance.recordings import names, recordings

ACCOUNT = "123456789012"
KEY_ID = "AKIA" + "IOSFODNN7EXAMPLE"  # in parts, or the check for secrets finds it
AWS = {
    "region": "eu-west-1",
    "accountID": ACCOUNT,
    "identity": {"type": "PodIdentity", "clusterName": "payments-prod"},
}
ENVIRONMENT = Environment("prod-eu", EnvironmentSpec.model_validate({"aws": AWS, "tags": {"owner-team": "payments"}}))
SECRETS = (ACCOUNT, "payments", "prod-eu", "bob", "vpc-0a1b2c3d", "owner-team", "c-0123abcd", KEY_ID)


def row(call: Measured) -> dict[str, object]:
    [[only]] = recordings([call], names(ENVIRONMENT)).values()
    return only


def test_an_answer_keeps_its_shape_and_states() -> None:
    answer = {
        "Table": {"TableStatus": "ACTIVE", "TableName": "payments", "ItemCount": 0, "Tags": {"team": "payments"}},
        "ResponseMetadata": {"RequestId": "1", "HTTPStatusCode": 200},
    }
    call = Measured("dynamodb", "DescribeTable", "OK", 0.1, {"TableName": "payments"}, answer)
    table = {"TableStatus": "ACTIVE", "TableName": "<text>", "ItemCount": 0, "Tags": {"<text>": "<text>"}}
    assert row(call) == {
        "operation": "DescribeTable",
        "request": {"TableName": "<text>"},
        "answer": {"Table": table},
    }


def test_an_error_has_its_code_status_and_message() -> None:
    message = (
        f"User: arn:aws:iam::{ACCOUNT}:user/bob is not authorized to perform: eks:DescribeCluster on payments-prod in"
        f" vpc-0a1b2c3d of {ACCOUNT} with {KEY_ID} by conformance-c-0123abcd-items"
    )
    answer = {"Error": {"Code": "AccessDenied", "Message": message}, "ResponseMetadata": {"HTTPStatusCode": 403}}
    assert row(Measured("eks", "DescribeCluster", "AccessDenied", 0.1, {"name": "payments-prod"}, answer)) == {
        "operation": "DescribeCluster",
        "request": {"name": "<text>"},
        "status": 403,
        "code": "AccessDenied",
        "message": "User: <arn> is not authorized to perform: eks:DescribeCluster on <name> in <id> of <name> with <id>"
        " by conformance-<id>-items",
    }


def test_nothing_that_identifies_the_account_is_left_anywhere() -> None:
    nested = {"Items": [{"Tags": [{"Key": "owner-team", "Value": secret}], "Arn": secret} for secret in SECRETS]}
    error = {"Error": {"Code": "No", "Message": f"arn:aws:iam::{ACCOUNT}:user/bob, payments, owner-team: prod-eu"}}
    calls = [Measured("sqs", "A", "OK", 0, nested, nested), Measured("sqs", "B", "No", 0, nested, error)]
    written = json.dumps(recordings(calls, names(ENVIRONMENT)))
    assert [secret for secret in SECRETS if secret in written] == []


def test_the_same_answer_is_recorded_once() -> None:
    calls = [Measured("sqs", "GetQueueUrl", "OK", seconds, {"QueueName": str(seconds)}) for seconds in (1, 2)]
    calls.append(Measured("sqs", "CreateQueue", "OK", 1))
    recorded = recordings(calls, ())
    assert [each["operation"] for each in recorded["sqs"]] == ["CreateQueue", "GetQueueUrl"]
