"""Which differences of topics, queues and subscriptions count as drift."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from microservice_operator.api.parsing import Identity
from microservice_operator.aws.engine.clients import Clients
from microservice_operator.aws.engine.policy_documents import same_policy
from microservice_operator.aws.engine.rules import Change
from microservice_operator.aws.engine.scope import AwsScope
from microservice_operator.aws.messaging.fields import queue_policy, same_filter, widened
from microservice_operator.aws.messaging.names import candidates, dead_letter, queue_arns, topic_arns
from microservice_operator.ownership import Owner
from microservice_operator.resync_cache import ResyncCache

RANGE = {"total": [{"numeric": [">", 0, "<", 9]}]}


@pytest.mark.parametrize(
    ("desired", "observed", "same"),
    [
        (None, {}, True),
        (None, None, True),
        ({}, None, True),
        ({"a": ["x"]}, {}, False),
        (None, {"a": ["x"]}, False),
        ({"a": ["x", "y"]}, {"a": ["y", "x"]}, True),
        ({"a": [{"prefix": "x"}, "y", 1, None]}, {"a": [1, None, "y", {"prefix": "x"}]}, True),
        ({"a": ["x"], "b": ["y"]}, {"b": ["y"], "a": ["x"]}, True),
        ({"a": ["x", "y"]}, {"a": ["x"]}, False),
        ({"a": ["1"]}, {"a": [1]}, False),
        ({"a": [True]}, {"a": [1]}, False),
        ({"a": [True]}, {"a": ["true"]}, False),
        ({"a": [1]}, {"a": [1.0]}, True),
        (RANGE, {"total": [{"numeric": [">", 0, "<", 9]}]}, True),
        (RANGE, {"total": [{"numeric": [">", 9, "<", 0]}]}, False),
        ({"a": {"b": ["x", "y"]}}, {"a": {"b": ["y", "x"]}}, True),
        ({"a": {"b": ["x"]}}, {"a": {"c": ["x"]}}, False),
        ({"$or": [{"a": ["x"]}, {"b": ["y"]}]}, {"$or": [{"b": ["y"]}, {"a": ["x"]}]}, True),
        ({"a": [{"anything-but": ["x", "y"]}]}, {"a": [{"anything-but": ["y", "x"]}]}, True),
    ],
)
def test_filters(desired: Any, observed: Any, same: bool) -> None:
    outcome = same_filter(desired, observed)
    assert outcome is None if same else isinstance(outcome, Change)


@pytest.mark.parametrize(
    ("desired", "observed", "changes"),
    [
        ("MessageBody", "MessageAttributes", True),
        ("MessageBody", "MessageBody", False),
        ("MessageAttributes", "MessageBody", False),
        (None, "MessageBody", False),
    ],
)
def test_a_filter_looks_at_bodies_before_it_speaks_of_them(
    desired: str | None,
    observed: str,
    changes: bool,
) -> None:
    assert (widened(desired, observed) is not None) is changes


@given(st.lists(st.sampled_from(["a", "b", "c"]), unique=True))
def test_a_policy_admits_exactly_the_topics(topics: list[str]) -> None:
    policy = queue_policy("queue", tuple(topics))
    assert same_policy(policy, queue_policy("queue", tuple(reversed(topics)))) is None
    allowed = [statement for statement in policy["Statement"] if statement["Effect"] == "Allow"]
    assert [s["Condition"] for s in allowed] == ([{"ArnEquals": {"aws:SourceArn": sorted(topics)}}] if topics else [])
    assert all(statement["Resource"] == "queue" for statement in policy["Statement"])


def scope(name: str, region: str = "us-east-1") -> AwsScope:
    return AwsScope(Clients(), region, "123456789012", Owner("cluster", Identity("shop", name, "uid")), ResyncCache(0))


@given(st.from_regex(r"[a-z](-?[a-z0-9]){0,39}", fullmatch=True), st.booleans())
def test_names_fit_and_none_is_another_s(name: str, fifo: bool) -> None:
    here = scope("order")
    queues = {*queue_arns(here, name, fifo=fifo), *queue_arns(here, dead_letter(name), fifo=fifo)}
    assert len(queues) == 4
    assert all(len(arn.rpartition(":")[2]) <= 80 for arn in queues)
    assert all(len(arn.rpartition(":")[2]) <= 256 for arn in topic_arns(here, name, fifo=fifo))
    assert queue_arns(here, name, fifo=fifo)[0].endswith(".fifo") is fifo
    assert queue_arns(here, name) != queue_arns(scope("other"), name)


def test_what_is_remembered_says_which_of_two_names_it_has() -> None:
    plain, ordered = queue_arns(scope("order"), "events")
    assert candidates((plain, ordered), "") == (plain, ordered)
    assert candidates((plain, ordered), plain) == (plain,)
    assert candidates((ordered, plain), plain) == (ordered, plain)
    assert queue_arns(scope("order", "cn-north-1"), "events")[0].startswith("arn:aws-cn:sqs:cn-north-1:")
