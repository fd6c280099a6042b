"""The rights of a role on the keys of tables: only through DynamoDB, and as long as there are tables."""

from dataclasses import replace
from typing import Any

import pytest

from microservice_operator.api.microservice import MicroserviceSpec
from microservice_operator.api.parsing import Identity, Microservice
from microservice_operator.aws.engine.arns import MESSAGING_KEY, TABLE_KEY, Site, arns
from microservice_operator.aws.engine.rules import Change
from microservice_operator.aws.iam.service_policy import TABLE_KEY_ACTIONS, Granting, document, granted, grants
from microservice_operator.ownership import Owner

IDENTITY = Identity("shop", "order", "uid")
TABLES = {"tables": [{"name": "carts", "partitionKey": {"name": "id"}}]}
QUEUES = {"queues": [{"name": "events"}]}


def key(digit: str, region: str = "us-east-1", partition: str = "aws") -> str:
    return f"arn:{partition}:kms:{region}:123456789012:key/{digit * 8}-7c0e-4b43-9a52-0d2f6f1f0c11"


def granting(spec: dict[str, Any], keys: dict[tuple[str, str], str | None], **more: Any) -> Granting:
    service = Microservice(IDENTITY, 1, MicroserviceSpec.model_validate({"image": "x", **spec}))
    site = Site("us-east-1", "123456789012", "cluster", Owner("cluster", IDENTITY).name)
    return Granting(grants(service.spec, arns(site, service, keys)), **more)


def statement(arn: str, service: str = "dynamodb.us-east-1.amazonaws.com") -> dict[str, Any]:
    through = {"StringEquals": {"kms:ViaService": service}}
    return {"Effect": "Allow", "Action": sorted(TABLE_KEY_ACTIONS), "Resource": [arn], "Condition": through}


def on_keys(policy: Any) -> list[dict[str, Any]]:
    return [s for s in policy["Statement"] if any(":kms:" in resource for resource in s["Resource"])]


def test_the_key_may_be_used_through_dynamodb_only() -> None:
    policy = document(granting(TABLES, {TABLE_KEY: key("1")}).grants)
    assert on_keys(policy) == [statement(key("1"))]
    chinese = key("1", "cn-north-1", "aws-cn")
    policy = document(granting(TABLES, {TABLE_KEY: chinese}).grants)
    assert on_keys(policy) == [statement(chinese, "dynamodb.cn-north-1.amazonaws.com.cn")]


def test_without_tables_there_is_no_right() -> None:
    policy = document(granting(QUEUES, {TABLE_KEY: key("1"), MESSAGING_KEY: key("2")}).grants)
    (only,) = on_keys(policy)
    assert only["Resource"] == [key("2")]


def test_one_key_for_both_gives_two_rights() -> None:
    """The right to encrypt messages has no condition, and the right to use tables has one."""
    policy = document(granting({**TABLES, **QUEUES}, {TABLE_KEY: key("1"), MESSAGING_KEY: key("1")}).grants)
    conditions = {tuple(s["Action"]): s.get("Condition") for s in on_keys(policy)}
    assert conditions == {
        ("kms:Decrypt", "kms:GenerateDataKey"): None,
        tuple(sorted(TABLE_KEY_ACTIONS)): statement("")["Condition"],
    }


@pytest.mark.parametrize("later", [None, key("2")])
def test_an_earlier_key_stays_while_there_are_tables(later: str | None) -> None:
    before = document(granting(TABLES, {TABLE_KEY: key("1")}).grants)
    wanted = granting(TABLES, {TABLE_KEY: later})
    outcome = granted(wanted, before)
    after = outcome.to if isinstance(outcome, Change) else before
    assert {resource for s in on_keys(after) for resource in s["Resource"]} == {key("1"), later} - {None}
    assert all(s["Condition"] == statement("")["Condition"] for s in on_keys(after))
    assert granted(wanted, after) is None
    assert granted(granting(QUEUES, {}), after) == Change(document(granting(QUEUES, {}).grants))


OTHERS: list[dict[str, Any]] = [
    {**statement(key("1")), "Condition": {"StringEquals": {"kms:ViaService": "s3.us-east-1.amazonaws.com"}}},
    {**statement(key("1")), "Condition": {"StringLike": {"kms:ViaService": "*"}}},
    {name: value for name, value in statement(key("1")).items() if name != "Condition"},
    {**statement(key("1")), "Action": [*sorted(TABLE_KEY_ACTIONS), "kms:ScheduleKeyDeletion"]},
    statement("*"),
    statement("arn:aws:kms:us-east-1:123456789012:key/*"),
    statement(key("1", "eu-west-1")),
]


@pytest.mark.parametrize("other", OTHERS)
def test_no_other_right_on_a_key_stays(other: dict[str, Any]) -> None:
    wanted = granting(TABLES, {})
    policy = document(wanted.grants)
    assert policy is not None
    assert granted(wanted, {**policy, "Statement": [*policy["Statement"], other]}) == Change(policy)


def test_a_conditional_right_never_becomes_one_without_a_condition() -> None:
    """While nobody can tell who owns a queue, the role keeps its right on the key of messages, perhaps the same one."""
    before = document(granting(TABLES, {TABLE_KEY: key("1")}).grants)
    wanted = granting(TABLES, {}, unsure=frozenset({key("1")}), former=frozenset({key("1")}))
    assert granted(wanted, before) is None


def test_a_denial_that_somebody_adds_never_becomes_a_right() -> None:
    read_only = {"tables": [{**TABLES["tables"][0], "access": "ReadOnly"}]}
    wanted = granting(read_only, {TABLE_KEY: key("1")})
    table = next(grant.resource for grant in wanted.grants if ":dynamodb:" in grant.resource)
    whole = document(wanted.grants)
    assert whole
    denials = [
        {**statement(key("2")), "Effect": "Deny"},
        {"Effect": "Deny", "Action": ["dynamodb:DeleteItem"], "Resource": [table]},
    ]
    observed = {**whole, "Statement": [*whole["Statement"], *denials]}
    assert granted(replace(wanted, former=frozenset({table})), observed) == Change(whole)
