"""Held objects, and the message that gives the reason."""

from dataclasses import replace
from typing import Any

import pytest

from microservice_operator.desired import children
from microservice_operator.desired.context import Context, Message, Migration, Table
from tests.unit.desired.builders import CONNECTION, DATABASE, MIGRATING, TABLE, context, job_name

KNOWN = {"connections": {"orders": CONNECTION}}
NOT_SET = {"database_waits": {"orders": "database orders is not ready"}}
READY = {"tables": {"products": Table("t", ready=True)}}
NO_ROLE = {"identity_wait": "the service's role is not ready yet"}
MADE = Message("arn:aws:sqs:eu-west-1:123456789012:it", ready=True)
MAKING = {"tables": {"products": Table("t")}}
UNKNOWN = "database orders has no connection yet"
DATABASE_KINDS = {"Secret", "Job", "Deployment"}


def held(of: Context) -> dict[str, str]:
    return {child.kind: child.held for child in children(of) if child.held}


@pytest.mark.parametrize(
    ("spec", "known", "expected"),
    [
        ({}, {}, {}),
        ({"databases": [DATABASE]}, {}, dict.fromkeys(("Secret", "Deployment"), UNKNOWN)),
        ({"databases": [DATABASE]}, KNOWN, {}),
        ({"databases": [DATABASE]}, {**KNOWN, **NOT_SET}, {"Deployment": "database orders is not ready"}),
        ({"databases": [MIGRATING]}, {}, dict.fromkeys(("Secret", "Job", "Deployment"), UNKNOWN)),
        (
            {"databases": [MIGRATING]},
            {**KNOWN, **NOT_SET},
            dict.fromkeys(("Job", "Deployment"), "database orders is not ready"),
        ),
        ({"tables": [TABLE]}, {}, {"Deployment": "table products is not ready yet"}),
        ({"tables": [TABLE]}, MAKING, {"Deployment": "table products is not ready yet"}),
        ({"tables": [TABLE]}, READY, {}),
        ({"topics": [{"name": "created"}]}, {}, {"Deployment": "topic created is not ready yet"}),
        ({"topics": [{"name": "created"}]}, {"topics": {"created": MADE}}, {}),
        ({"queues": [{"name": "events"}]}, {}, {"Deployment": "queue events is not ready yet"}),
        (
            {"queues": [{"name": "events"}]},
            {"queues": {"events": replace(MADE, ready=False)}},
            {"Deployment": "queue events is not ready yet"},
        ),
        ({"queues": [{"name": "events"}]}, {"queues": {"events": MADE}}, {}),
        ({"tables": [TABLE]}, {**READY, **NO_ROLE}, {"Deployment": "the service's role is not ready yet"}),
    ],
)
def test_held(spec: dict[str, Any], known: dict[str, Any], expected: dict[str, str]) -> None:
    assert held(context(spec, **known)) == expected


@pytest.mark.parametrize(
    ("state", "sentence"),
    [
        (None, "migration Job {job} has not finished yet"),
        (Migration.RUNNING, "migration Job {job} has not finished yet"),
        (
            Migration.FAILED,
            "migration Job {job} failed, so the pods stay unchanged; read its log, then fix the image or the spec",
        ),
        (Migration.DONE, None),
    ],
)
def test_the_rollout_waits_for_the_migration(state: Migration | None, sentence: str | None) -> None:
    of = context({"databases": [MIGRATING]}, **KNOWN)
    job = job_name(of)
    waits = held(replace(of, migrations={job: state} if state else {}))
    assert waits == ({"Deployment": sentence.format(job=job)} if sentence else {})


@pytest.mark.parametrize(
    ("known", "described"),
    [({}, False), (KNOWN, False), (READY, False), ({**KNOWN, **MAKING}, True), ({**KNOWN, **READY}, True)],
)
def test_a_deployment_is_described_once_all_it_names_is_known(known: dict[str, Any], described: bool) -> None:
    of = context({"databases": [MIGRATING], "tables": [TABLE]}, **known)
    (deployment,) = (child for child in children(of) if child.kind == "Deployment")
    assert (deployment.body is not None) == described


def test_what_needs_no_database_is_never_held() -> None:
    of = context({"databases": [MIGRATING], "tables": [TABLE], "autoscaling": {"maxReplicas": 3}, "metrics": {}})
    assert all(child.body and not child.held for child in children(of) if child.kind not in DATABASE_KINDS)
