"""When passwords are rotated: by interval and by request, each service at its own time."""

from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import Any

import pytest

from microservice_operator import names
from microservice_operator.api.stores import Database
from microservice_operator.database_connection import Login, Rotated
from microservice_operator.external.rotation_schedule import (
    TURN_SECONDS,
    RotationTurns,
    Waiter,
    begins,
    due,
    of_another_rotation,
    recorded,
    requested,
    seconds_left,
)
from microservice_operator.postgres.models import KnownLogins

NOW = datetime(2026, 11, 30, 12, tzinfo=UTC)
DAY = 86400
NEVER = Rotated()
EVERY_DAY = Database.model_validate({"name": "orders", "credentials": {"rotationInterval": "24h"}})


def logins(rotated: Rotated = NEVER, owner: Rotated | None = None, since: str = "") -> KnownLogins:
    return KnownLogins(Login("app", "a", rotated), Login("own", "o", rotated if owner is None else owner), since)


def ago(**time: float) -> str:
    return (NOW - timedelta(**time)).strftime("%Y-%m-%dT%H:%M:%SZ")


@pytest.mark.parametrize(
    ("known", "request_", "left", "expected"),
    [
        (logins(), "", None, ""),
        (logins(), "", 1.0, ""),
        (logins(), "", 0.0, "both"),
        (logins(), "one", None, "both"),
        (logins(Rotated("", "one")), "one", None, ""),
        (logins(Rotated("", "one")), "two", 1.0, "both"),
        (logins(Rotated("", "one")), "", None, ""),
        (logins(Rotated("2026-01-01T00:00:00Z", "one"), Rotated()), "one", None, "owner"),
        (logins(Rotated("2026-01-01T00:00:00Z", "one"), Rotated()), "two", None, "both"),
        (KnownLogins(), "one", 0.0, ""),
        (KnownLogins(runtime=Login("app", "a")), "one", 0.0, ""),
    ],
)
def test_due(known: KnownLogins, request_: str, left: float | None, expected: str) -> None:
    assert due(known, request_, left) == expected


@pytest.mark.parametrize(
    ("spec", "known", "expected"),
    [
        (Database.model_validate({"name": "orders"}), logins(since=ago(days=900)), None),
        (EVERY_DAY, logins(), None),
        (EVERY_DAY, logins(since="yesterday"), None),
        (EVERY_DAY, KnownLogins(), None),
    ],
)
def test_without_an_interval_or_a_beginning_nothing_is_due(spec: Database, known: KnownLogins, expected: None) -> None:
    assert seconds_left(spec, known, "uid", NOW) is expected


def test_an_interval_begins_with_the_secret_and_then_with_each_rotation() -> None:
    def left(known: KnownLogins) -> float:
        found = seconds_left(EVERY_DAY, known, "uid", NOW)
        assert found is not None
        return found

    assert 0.9 * DAY <= left(logins(since=ago())) <= DAY
    assert left(logins(since=ago(days=1))) <= 0
    rotated = logins(Rotated(ago(hours=1)), since=ago(days=30))
    assert left(rotated) == pytest.approx(left(logins(since=ago())) - 3600)
    later = logins(Rotated(ago(days=-300)))
    assert left(later) == left(logins(since=ago())), "somebody wrote a time to come"


def test_a_fleet_spreads_over_a_tenth_of_the_interval_and_nobody_is_late() -> None:
    found = sorted(seconds_left(EVERY_DAY, logins(since=ago()), f"uid-{n}", NOW) or 0.0 for n in range(1000))
    assert 0.9 * DAY <= found[0] < 0.902 * DAY
    assert 0.998 * DAY < found[-1] <= DAY
    assert max(later - earlier for earlier, later in pairwise(found)) < 0.002 * DAY


def waiter(name: str, namespace: str = "shop") -> Waiter:
    return Waiter(namespace, f"uid-{name}", name)


def test_services_that_are_due_together_begin_one_after_the_other() -> None:
    turns = RotationTurns()
    first, second, third = map(waiter, "abc")
    assert [turns.take(each, 100.0) for each in (first, second, third)] == [0.0, TURN_SECONDS, TURN_SECONDS]
    assert turns.take(second, 104.0) == TURN_SECONDS - 4.0
    assert turns.take(third, 110.0) == 0.0
    assert turns.take(second, 110.0) == TURN_SECONDS
    turns.forget("uid-b")
    assert turns.take(second, 120.0) == 0.0


def test_nobody_reserves_turns() -> None:
    """A request that is set and removed again and again costs the others nothing."""
    turns = RotationTurns()
    assert turns.take(waiter("first"), 0.0) == 0.0
    for _ in range(60):
        for number in range(20):
            turns.take(waiter(f"evil-{number}", "evil"), 1.0)
            turns.over(waiter(f"evil-{number}", "evil"))
    assert turns.take(waiter("victim", "other"), 1.0) == TURN_SECONDS - 1.0
    assert turns.take(waiter("victim", "other"), TURN_SECONDS) == 0.0


def test_namespaces_take_turns() -> None:
    turns, now, begun = RotationTurns(), 0.0, list[str]()
    waiting = {waiter(f"evil-{number}", "evil") for number in range(50)} | {waiter("a", "one"), waiter("b", "two")}
    while {"one", "two"} - set(begun):
        for each in sorted(waiting):  # those of `evil` ask first, at any time
            if turns.take(each, now) == 0.0:
                begun.append(each.namespace)
                waiting.remove(each)
        now += 1
    assert begun.count("evil") <= 2


def test_a_rotation_that_does_not_come_to_its_end_begins_more_and_more_rarely() -> None:
    """As with a Secret that is immutable: the server has the new password, and the Secret is refused."""
    turns, stuck, begun = RotationTurns(), waiter("stuck"), 0
    for now in range(3600):
        begun += turns.take(stuck, float(now)) == 0.0
    assert begun == 9  # after 10, 20, 40 … seconds
    turns.over(stuck)
    assert turns.take(stuck, 3600.0 + TURN_SECONDS) == 0.0


def test_a_time_far_in_the_future_does_not_stop_an_interval() -> None:
    future = Rotated("9999-01-01T00:00:00Z")
    assert seconds_left(EVERY_DAY, logins(future, since=ago(days=2)), "uid", NOW) < 0  # type: ignore[operator]  # known


@pytest.mark.parametrize(
    ("annotations", "expected"),
    [
        ({}, Rotated()),
        (
            {names.ANNOTATION_ROTATED_AT: "2026-01-01T00:00:00Z", names.ANNOTATION_ROTATION_REQUEST: "one"},
            Rotated("2026-01-01T00:00:00Z", "one"),
        ),
        ({names.ANNOTATION_ROTATED_AT: "2026-13-01T00:00:00Z"}, Rotated()),
        ({names.ANNOTATION_ROTATED_AT: "20260101T000000.0000"}, Rotated()),
        ({names.ANNOTATION_ROTATED_AT: "2026-01-01T00:00:00Z\n"}, Rotated()),
        ({names.ANNOTATION_ROTATION_REQUEST: "x" * 300}, Rotated("", "x" * 253)),
    ],
)
def test_what_somebody_wrote_into_a_secret_is_bounded(annotations: dict[str, Any], expected: Rotated) -> None:
    assert recorded(annotations) == expected


def test_a_rotation_by_interval_keeps_the_request_that_is_carried_out() -> None:
    assert begins(NOW, "", logins(Rotated("", "one"))) == Rotated("2026-11-30T12:00:00Z", "one")
    assert begins(NOW, "two", logins(Rotated("", "one"))) == Rotated("2026-11-30T12:00:00Z", "two")
    assert requested({names.ANNOTATION_ROTATE: "x" * 300}) == "x" * 253


def pod(at: str = "", **labels: str) -> dict[str, Any]:
    return {"metadata": {"labels": labels, "annotations": {names.rotated_at("orders"): at} if at else {}}}


@pytest.mark.parametrize(
    ("pods", "expected"),
    [
        ([], False),
        ([pod("two"), pod("two")], False),
        ([pod("two"), pod("one")], True),
        ([pod("two"), pod()], True),
        ([pod("two"), {"metadata": {}}], True),
        ([pod(**{names.LABEL_MIGRATION: "order"})], False),
    ],
)
def test_a_pod_that_started_before_the_rotation_counts(pods: list[dict[str, Any]], expected: bool) -> None:
    assert of_another_rotation(pods, "orders", "two") is expected
