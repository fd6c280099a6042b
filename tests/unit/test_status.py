"""Conditions from facts, and which changes cause a write or an Event."""

from dataclasses import replace
from typing import Any

import pytest

from microservice_operator.facts import Facts, Part, Reason, Section, State, Workload
from microservice_operator.status import patch, serves, summarise, turn

NOW, LATER = "2026-01-01T00:00:00Z", "2026-01-02T00:00:00Z"
UP = Workload(replicas=2, ready=2, updated=2, state=State.READY, reason=Reason.READY, available=2)
STARTING = Workload(replicas=2, ready=0, updated=2, message="pods are not ready yet")
TABLE = Part("AWS", "Table", "products", State.READY, id="arn:aws:dynamodb:us-east-1:123456789012:table/x")


def conditions(status: dict[str, Any]) -> dict[str, tuple[str, str]]:
    return {c["type"]: (c["status"], c["reason"]) for c in status["conditions"]}


def tables(*parts: Part) -> dict[Section, tuple[Part, ...]]:
    return {Section.TABLES: parts}


def routes(*parts: Part) -> dict[Section, tuple[Part, ...]]:
    return {Section.ROUTES: parts}


CASES: dict[str, tuple[Facts, dict[str, tuple[str, str]]]] = {
    "all is well": (
        Facts(1, workload=UP),
        {"Ready": ("True", "Ready"), "WorkloadReady": ("True", "Ready")},
    ),
    "pods start": (
        Facts(1, workload=STARTING),
        {
            "Ready": ("False", "RolloutProgressing"),
            "Reconciling": ("True", "Progressing"),
            "WorkloadReady": ("False", "RolloutProgressing"),
        },
    ),
    "a table is being made: the pods' waiting is not the reason": (
        Facts(
            1,
            workload=STARTING,
            sections=tables(replace(TABLE, state=State.PROGRESSING, reason=Reason.TABLE_CREATING)),
        ),
        {
            "Ready": ("False", "TableCreating"),
            "Reconciling": ("True", "Progressing"),
            "WorkloadReady": ("False", "RolloutProgressing"),
            "TablesReady": ("False", "TableCreating"),
        },
    ),
    "routes that an older service has": (
        Facts(
            1,
            workload=UP,
            sections=routes(Part("AWS", "API", "routes", State.STALLED, Reason.CONFLICT, "m")),
        ),
        {
            "Ready": ("False", "Conflict"),
            "Stalled": ("True", "Conflict"),
            "WorkloadReady": ("True", "Ready"),
            "RoutesReady": ("False", "Conflict"),
        },
    ),
    "a conflict needs a person": (
        Facts(
            1,
            workload=UP,
            sections=tables(replace(TABLE, state=State.STALLED, reason=Reason.CONFLICT, message="m")),
        ),
        {
            "Ready": ("False", "Conflict"),
            "Stalled": ("True", "Conflict"),
            "WorkloadReady": ("True", "Ready"),
            "TablesReady": ("False", "Conflict"),
        },
    ),
    "what cannot be read is unknown": (
        Facts(
            1,
            workload=UP,
            sections=tables(replace(TABLE, state=State.UNKNOWN, reason=Reason.AWS_UNAVAILABLE)),
        ),
        {
            "Ready": ("Unknown", "AWSUnavailable"),
            "Reconciling": ("True", "Progressing"),
            "WorkloadReady": ("True", "Ready"),
            "TablesReady": ("Unknown", "AWSUnavailable"),
        },
    ),
    "an optional dependency only reports": (
        Facts(
            1,
            workload=UP,
            dependencies=(
                Part("Kubernetes", "Microservice", "web", State.PROGRESSING, Reason.DEPENDENCY_MISSING, optional=True),
            ),
        ),
        {
            "Ready": ("True", "Ready"),
            "WorkloadReady": ("True", "Ready"),
            "DependenciesReady": ("False", "DependencyMissing"),
        },
    ),
    "suspended is neither reconciling nor stalled": (
        Facts(1, workload=UP, suspended=True),
        {"Ready": ("False", "Suspended"), "WorkloadReady": ("True", "Ready")},
    ),
}


@pytest.mark.parametrize("case", CASES)
def test_conditions(case: str) -> None:
    facts, expected = CASES[case]
    assert conditions(summarise(facts, {}, NOW)) == expected


@pytest.mark.parametrize("case", CASES)
def test_the_same_world_is_the_same_status(case: str) -> None:
    facts, _ = CASES[case]
    before = summarise(facts, {}, NOW)
    assert summarise(facts, before, LATER) == before
    assert patch(before, summarise(facts, before, LATER)) == {}
    assert turn(before, summarise(facts, before, LATER)) is None


def test_a_transition_is_dated_and_others_keep_their_date() -> None:
    before = summarise(Facts(1, workload=STARTING), {}, NOW)
    after = summarise(Facts(1, workload=UP, sections=tables(TABLE)), before, LATER)
    assert {c["type"]: c["lastTransitionTime"] for c in after["conditions"]} == {
        "Ready": LATER,
        "WorkloadReady": LATER,
        "TablesReady": LATER,
    }


ROLLING = Workload(replicas=3, ready=2, updated=1, available=2, message="pods are not ready yet")


@pytest.mark.parametrize(
    ("before", "after", "written"),
    [
        (ROLLING, replace(ROLLING, ready=1, available=1), {}),
        (ROLLING, replace(ROLLING, replicas=4, ready=3, available=3), {}),
        (ROLLING, replace(ROLLING, ready=0, available=0), {"readyReplicas": 0}),
        (replace(ROLLING, ready=0, available=0), ROLLING, {"readyReplicas": 2}),
        (replace(ROLLING, replicas=0, ready=0, available=0), ROLLING, {"replicas": 3, "readyReplicas": 2}),
        (replace(ROLLING, replicas=0, ready=0, available=0), replace(ROLLING, ready=0, available=0), {}),
        (ROLLING, replace(ROLLING, replicas=0, ready=0, available=0), {"replicas": 0, "readyReplicas": 0}),
        (ROLLING, UP, {"replicas": 2}),
        (UP, replace(UP, replicas=3, ready=3), {"replicas": 3, "readyReplicas": 3}),
    ],
)
def test_which_counts_are_written(before: Workload, after: Workload, written: dict[str, int]) -> None:
    missing = Part("Kubernetes", "Microservice", "b", State.PROGRESSING, Reason.DEPENDENCY_MISSING, "m")
    for dependencies in (None, (missing,)):  # whether it is Ready makes no difference
        old = summarise(Facts(1, workload=before, dependencies=dependencies), {}, NOW)
        new = patch(old, summarise(Facts(1, workload=after, dependencies=dependencies), old, LATER))
        assert {key: value for key, value in new.items() if key in ("replicas", "readyReplicas")} == written


def test_counts_alone_are_not_written_while_a_rollout_goes_on() -> None:
    before = summarise(Facts(1, workload=replace(STARTING, ready=1, available=1)), {}, NOW)
    further = replace(STARTING, ready=2, available=2)
    assert patch(before, summarise(Facts(1, workload=further), before, LATER)) == {}
    ready = summarise(Facts(1, workload=UP), before, LATER)
    assert patch(ready, summarise(Facts(1, workload=replace(UP, replicas=3, ready=3)), ready, LATER)) == {
        "replicas": 3,
        "readyReplicas": 3,
    }


def test_what_is_gone_is_removed() -> None:
    before = summarise(Facts(1, workload=UP, sections=tables(TABLE), reconcile_requested_at="x"), {}, NOW)
    changes = patch(before, summarise(Facts(1, workload=UP), before, NOW))
    assert changes["resources"] is None
    assert changes["lastHandledReconcileAt"] is None


def test_an_address_is_shown_while_there_is_one() -> None:
    facts = Facts(1, workload=UP, endpoint="http://order.shop.svc", gateway="https://x.example")
    before = summarise(facts, {}, NOW)
    assert before["endpoints"] == {"internal": "http://order.shop.svc", "gateway": "https://x.example"}
    changes = patch(before, summarise(replace(facts, gateway=""), before, NOW))
    assert changes == {"endpoints": {"internal": "http://order.shop.svc", "gateway": None}}


def test_a_refused_spec_forgets_nothing_that_is_known_outside() -> None:
    before = summarise(Facts(1, workload=UP, sections=tables(TABLE)), {}, NOW)
    refused = Part("Kubernetes", "Microservice", "", State.STALLED, Reason.INVALID_SPEC, "m")
    after = summarise(Facts(2, workload=UP, refused=refused), before, LATER)
    assert after["resources"] == before["resources"]
    assert conditions(after)["TablesReady"] == ("True", "Ready")
    assert conditions(after)["Stalled"] == ("True", "InvalidSpec")


def test_events_tell_trouble_that_comes_and_goes_and_nothing_else() -> None:
    good = summarise(Facts(1, workload=UP), {}, NOW)
    bad = summarise(Facts(1, workload=replace(STARTING, reason=Reason.IMAGE_UNAVAILABLE, message="m")), good, NOW)
    assert turn({}, summarise(Facts(1, workload=STARTING), {}, NOW)) is None
    assert turn(summarise(Facts(1, workload=STARTING), {}, NOW), good) is None
    came, went = turn(good, bad), turn(bad, good)
    assert came is not None
    assert (came.type, came.reason) == ("Warning", Reason.IMAGE_UNAVAILABLE)
    assert went is not None
    assert (went.type, went.reason) == ("Normal", Reason.READY)
    assert turn(bad, bad) is None


def test_a_service_serves_while_only_its_dependencies_are_missing() -> None:
    missing = Part("Kubernetes", "Microservice", "b", State.PROGRESSING, Reason.DEPENDENCY_MISSING, "m")
    status = summarise(Facts(1, workload=UP, dependencies=(missing,)), {}, NOW)
    assert conditions(status)["Ready"] == ("False", "DependencyMissing")
    assert serves(status)


def problems(**facts: Any) -> list[tuple[str, str, str]]:
    status = summarise(Facts(1, workload=UP, **facts), {}, NOW)
    return [(p["severity"], p["field"], p["message"]) for p in status.get("problems", [])]


def test_problems_name_the_field_of_a_part_that_needs_a_person_and_of_what_does_not_come_about() -> None:
    lost = replace(TABLE, state=State.STALLED, reason=Reason.TABLE_LOST, message="m", field="spec.tables[0]")
    creating = replace(lost, state=State.PROGRESSING, reason=Reason.TABLE_CREATING)
    unknown = replace(lost, state=State.UNKNOWN, reason=Reason.AWS_UNAVAILABLE)
    fine = replace(TABLE, field="spec.tables[0]")
    policy = Part("Kubernetes", "NetworkPolicy", "x", State.READY, message="nobody", field="spec.metrics")
    assert problems(sections=tables(lost)) == [("Error", "spec.tables[0]", "m")]
    assert problems(sections=tables(creating, unknown, fine)) == []
    assert problems(sections=tables(lost, lost), children=(policy,)) == [
        ("Error", "spec.tables[0]", "m"),
        ("Warning", "spec.metrics", "nobody"),
    ]
    assert problems(children=(replace(policy, message=""),)) == []


def test_no_message_is_longer_than_the_schema_takes() -> None:
    loud = replace(TABLE, state=State.STALLED, reason=Reason.TABLE_LOST, message="m" * 40_000, field="spec.tables[0]")
    status = summarise(Facts(1, workload=replace(UP, message="w" * 40_000), sections=tables(loud)), {}, NOW)
    said = [c["message"] for c in status["conditions"]] + [p["message"] for p in status["problems"]]
    said += [resource["message"] for resource in status["resources"]]
    assert max(map(len, said)) == 1024
