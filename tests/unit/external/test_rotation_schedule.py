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


def test_services_that_are_due_together_begin_one_after_the_other() -> None:
    turns = RotationTurns()
    first, second, third = (("uid", name) for name in "abc")
    assert [turns.wait(key, 100.0) for key in (first, second, third)] == [0.0, TURN_SECONDS, 2 * TURN_SECONDS]
    assert turns.wait(second, 104.0) == TURN_SECONDS - 4.0, "the turn stays"
    assert turns.wait(third, 200.0) == 0.0
    turns.over(first)
    assert turns.wait(first, 105.0) == 3 * TURN_SECONDS - 5.0
    turns.forget("uid")
    assert turns.wait(first, 1000.0) == 0.0


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
