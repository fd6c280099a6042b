"""The consent to recreate a lost table or database counts for the loss that a person knew of, and for no later one."""

from dataclasses import replace

import pytest

from microservice_operator.errors import Problem
from microservice_operator.facts import Part, Reason, State
from microservice_operator.reconcile import recreation_handled, unused_sources

KINDS = {"Table": "AWS", "DBInstance": "AWS", "Database": "PostgreSQL"}
READY = (State.READY, Reason.READY)
LOST = (State.STALLED, Reason.TABLE_LOST)
COMING = (State.PROGRESSING, Reason.TABLE_CREATING)
WAITS = (State.PROGRESSING, Reason.WAITING)
UNREAD = (State.UNKNOWN, Reason.AWS_THROTTLED)
REFUSED = (State.STALLED, Reason.REJECTED)
NOT_RESTORED = (State.STALLED, Reason.RESTORE_REFUSED)


def store(kind: str, condition: tuple[State, Reason], name: str = "orders") -> Part:
    return Part("AWS" if KINDS[kind] == "AWS" else "PostgreSQL", kind, name, *condition)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(
    ("condition", "beside", "used_up"),
    [
        (READY, READY, True),
        (LOST, READY, False),
        (COMING, READY, False),
        # a person corrects restoreFrom, and does not consent again
        (NOT_RESTORED, READY, False),
        (WAITS, READY, False),
        (UNREAD, READY, False),
        # a store that is refused for another reason was not lost, and may be so for weeks
        (REFUSED, READY, True),
        (REFUSED, REFUSED, True),
        (REFUSED, LOST, False),
    ],
)
def test_a_consent_is_used_up_when_nothing_of_that_name_is_lost(
    kind: str, condition: tuple[State, Reason], beside: tuple[State, Reason], used_up: bool
) -> None:
    parts = [store(kind, condition), store("Table", beside), store("Table", LOST, "other")]
    assert recreation_handled("orders", "", parts) == ("orders" if used_up else "")
    assert recreation_handled("orders/2", "orders", parts) == ("orders/2" if used_up else "")


def test_a_handled_consent_stays_handled() -> None:
    assert recreation_handled("orders", "orders", [store("Table", LOST)]) == "orders"


def test_a_name_that_is_not_declared_uses_up_nothing() -> None:
    assert recreation_handled("produce", "", [store("Table", READY)]) == ""


def test_a_source_without_effect_is_a_warning() -> None:
    at = "spec.tables[0].restoreFrom"
    there, refused = store("Table", READY), store("Table", NOT_RESTORED)
    unused = replace(there, field=at, message="table orders exists, so restoreFrom has no effect on it")
    parts = [there, unused, replace(refused, field=at), replace(there, field="spec.tables[1]", message="keeps its key")]
    assert list(unused_sources(parts)) == [Problem(at, unused.message)]
