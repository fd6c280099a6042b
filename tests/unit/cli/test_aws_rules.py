"""Specs that are valid but that AWS would refuse, as far as files show it."""

from typing import Any

import pytest

from microservice_operator.api.parsing import Environment, Microservice, environment, microservice
from microservice_operator.cli.aws_rules import environment_findings, findings

TOPICS = {"topics": [{"name": "sold"}, {"name": "ordered", "fifo": True}]}
QUEUES = {"queues": [{"name": "plain"}, {"name": "dead"}, {"name": "strict", "fifo": True}]}


def service(name: str = "order", **spec: Any) -> Microservice:
    """A Microservice."""
    return microservice({"metadata": {"name": name, "namespace": "shop", "uid": ""}, "spec": {"image": "a:1", **spec}})


def prod(tags: dict[str, str]) -> Environment:
    """An Environment in AWS."""
    aws = {"region": "eu-central-1", "accountID": "123456789012"}
    return environment({"metadata": {"name": "prod"}, "spec": {"aws": aws, "tags": tags}})


def subscribed(topic: str, queue: str, owner: str = "order", **more: Any) -> dict[str, Any]:
    """A Microservice with both kinds of topics and queues, and one subscription."""
    return {
        **TOPICS,
        **QUEUES,
        "subscriptions": [{"topic": {"microservice": owner, "name": topic}, "queue": queue, **more}],
    }


def filtered(policy: dict[str, Any], scope: str = "MessageAttributes") -> dict[str, Any]:
    """One with a filter."""
    return subscribed("sold", "plain", filterPolicy=policy, filterPolicyScope=scope)


WARNINGS = {"spec.tags.OWNER", "spec.tags.Owner"}  # the operator reports these in status.problems and continues
POLICY = "spec.subscriptions[0].filterPolicy"
CASES: dict[str, tuple[dict[str, Any], list[str]]] = {
    "keys that differ": ({**TOPICS, "tags": {"Team": "a", "unit": "b"}}, []),
    "keys that differ in case": ({**TOPICS, "tags": {"Team": "a", "team": "b"}}, []),
    "as many tags as there is room for": ({"tags": {f"key{number}": "a" for number in range(32)}}, []),
    "a key that differs in case from the Environment's": ({"tags": {"OWNER": "a"}}, ["spec.tags.OWNER"]),
    "the Environment's key with another value": ({"tags": {"Owner": "a"}}, ["spec.tags.Owner"]),
    "the Environment's own tag": ({**TOPICS, "tags": {"Owner": "platform"}}, []),
    "standard to standard": (subscribed("sold", "plain"), []),
    "FIFO to FIFO": (subscribed("ordered", "strict"), []),
    "FIFO to standard": (subscribed("ordered", "plain"), []),
    "standard to FIFO": (subscribed("sold", "strict"), ["spec.subscriptions[0]"]),
    "standard of another to FIFO": (subscribed("told", "strict", "user"), ["spec.subscriptions[0]"]),
    "a dead-letter queue like the topic": (subscribed("sold", "plain", deadLetterQueue="dead"), []),
    "a dead-letter queue unlike the topic": (
        subscribed("sold", "plain", deadLetterQueue="strict"),
        ["spec.subscriptions[0].deadLetterQueue"],
    ),
    "a topic that its owner does not have": (subscribed("x", "plain", "user"), ["spec.subscriptions[0].topic"]),
    "a topic of a Microservice outside the files": (subscribed("x", "strict", "far"), []),
    "a filter": (filtered({"kind": ["created", {"prefix": "re"}]}), []),
    "a filter of a text": (filtered({"kind": "created"}), [f"{POLICY}.kind"]),
    "a filter that nests": (filtered({"a": {"b": ["c"]}}), [f"{POLICY}.a"]),
    "a filter of bodies that nests": (filtered({"a": {"b": ["c"]}}, "MessageBody"), []),
    "a filter of bodies of a text": (filtered({"a": {"b": "c"}}, "MessageBody"), [f"{POLICY}.a.b"]),
    "a filter of alternatives": (filtered({"$or": [{"a": ["b"]}, {"c": ["d"]}]}), []),
}


@pytest.mark.parametrize("name", CASES)
def test_what_aws_would_refuse(name: str) -> None:
    spec, fields = CASES[name]
    around = prod({"Owner": "platform"})
    mine = service(**spec)
    services = {("shop", "order"): mine, ("shop", "user"): service("user", topics=[{"name": "told"}])}
    found = list(findings(mine, around, services))
    assert [finding.field for finding in found] == fields
    assert [finding.field for finding in found if finding.warning] == [at for at in fields if at in WARNINGS]


KEY = "spec.aws.tableKeyARN"


@pytest.mark.parametrize(
    ("arn", "found"),
    [
        ("arn:aws:kms:eu-central-1:123456789012:key/1", []),
        ("arn:aws:kms:eu-central-1:210987654321:key/1", [(KEY, True)]),
        ("arn:aws-cn:kms:eu-central-1:123456789012:key/1", [(KEY, False)]),
    ],
)
def test_keys_of_another_account_or_partition(arn: str, found: list[tuple[str, bool]]) -> None:
    aws = {"region": "eu-central-1", "accountID": "123456789012", "tableKeyARN": arn}
    around = environment({"metadata": {"name": "prod"}, "spec": {"aws": aws}})
    assert [(each.field, each.warning) for each in environment_findings(around)] == found


def test_a_source_of_another_partition_can_never_send() -> None:
    sources = [
        {"service": "s3.amazonaws.com", "sourceARN": f"arn:{named}:s3:::uploads"} for named in ("aws", "aws-us-gov")
    ]
    mine = service(queues=[{"name": "files", "awsSources": sources}])
    (found,) = findings(mine, prod({}), {})
    assert found.field == "spec.queues[0].awsSources[1].sourceARN"
    assert found.message == ("is in the partition aws-us-gov, but region eu-central-1 is in aws; correct the ARN")
    assert list(findings(mine, None, {})) == []


@pytest.mark.parametrize(("number", "fields"), [(11, []), (12, ["spec.tags"])])
def test_tags_that_leave_no_room_for_the_operators_own(number: int, fields: list[str]) -> None:
    """AWS allows fifty: 32 of the Environment, eleven of the Microservice and seven of the operator."""
    around = prod({f"shared-{n}": "a" for n in range(32)})
    mine = service(tags={f"own-{n}": "a" for n in range(number)})
    assert [finding.field for finding in findings(mine, around, {})] == fields


@pytest.mark.parametrize(("spec", "fields"), [(TOPICS, ["spec.environment"]), ({}, [])])
def test_tags_of_the_environment_that_iam_refuses_on_a_role(spec: dict[str, Any], fields: list[str]) -> None:
    around = prod({"Owner": "platform", "owner": "platform"})
    assert [finding.field for finding in findings(service(**spec), around, {})] == fields
