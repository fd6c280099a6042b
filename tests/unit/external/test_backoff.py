"""A failing resource is retried with backoff, whoever triggers it, and immediately after a change of the spec."""

from itertools import pairwise

import pytest

from microservice_operator.external.backoff import ResourceBackoff
from microservice_operator.external.resource import StepResult
from microservice_operator.facts import Part, State

KEY = ("Table", "orders")
READY = Part("AWS", *KEY, State.READY)
FAILED = Part("AWS", *KEY, State.PROGRESSING, failed=True, after=5.0)
STALLED = Part("AWS", *KEY, State.STALLED, after=300.0)


@pytest.mark.parametrize(("part", "longest"), [(FAILED, 300), (STALLED, 100)])
def test_reconciliations_every_second(part: Part, longest: float) -> None:
    now, tried = 0.0, [0.0]
    backoffs = ResourceBackoff(lambda: now)
    backoffs.note("uid", KEY, "spec", StepResult((part,)))
    while now < 3600:
        now += 1
        recalled = backoffs.recall("uid", KEY, "spec")
        if recalled is None:
            tried.append(now)
            recalled = backoffs.note("uid", KEY, "spec", StepResult((part,)))
        assert (recalled.part.state, recalled.part.failed) == (part.state, False)
        assert recalled.part.after
    assert 3600 / longest <= len(tried) <= 2 * 3600 / longest + 12
    assert max(later - earlier for earlier, later in pairwise(tried)) <= longest + 1


def test_what_is_over_begins_anew() -> None:
    backoffs = ResourceBackoff(lambda: 0.0)
    for _ in range(9):
        backoffs.note("uid", KEY, "spec", StepResult((FAILED,)))
    assert backoffs.note("uid", KEY, "spec", StepResult((READY,))).part == READY
    assert backoffs.recall("uid", KEY, "spec") is None
    assert (backoffs.note("uid", KEY, "spec", StepResult((FAILED,))).part.after or 9) <= 0.5


def test_another_spec_and_a_request_are_heard_at_once() -> None:
    backoffs = ResourceBackoff(lambda: 0.0)
    backoffs.note("uid", KEY, "spec", StepResult((STALLED,)))
    assert backoffs.recall("uid", KEY, "spec")
    assert backoffs.recall("uid", KEY, "other") is None
    backoffs.forget("uid")
    assert backoffs.recall("uid", KEY, "spec") is None
