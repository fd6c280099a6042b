"""What needed nothing is not asked for again, and what needs a person is said once."""

from dataclasses import replace

from microservice_operator.facts import Event, Part, Reason, State
from microservice_operator.resync_cache import Settled

KEY = ("uid", "Table", "orders")
PART = Part("AWS", "Table", "orders", State.READY, events=(Event("Normal", Reason.TABLE_CREATED, "made"),))


def test_recalled_until_the_resync_or_a_change() -> None:
    now = 0.0
    settled = Settled(10, lambda: now)
    assert settled.recall(KEY, "a") is None
    settled.keep(KEY, "a", PART)
    assert settled.recall(KEY, "a") == replace(PART, events=())
    assert settled.recall(KEY, "b") is None
    now = 10
    assert settled.recall(KEY, "a") is None


def test_forgotten_on_request() -> None:
    settled = Settled(10)
    settled.keep(KEY, "a", PART)
    settled.forget("another")
    assert settled.recall(KEY, "a")
    settled.forget("uid")
    assert settled.recall(KEY, "a") is None


def test_one_that_leaves_is_looked_at_and_what_was_said_of_it_is_remembered() -> None:
    settled = Settled(10)
    stalled = replace(PART, state=State.STALLED, message="taken")
    settled.keep(KEY, "a", PART)
    settled.news(KEY, stalled)
    settled.drop(KEY)
    assert settled.recall(KEY, "a") is None
    assert settled.news(KEY, stalled).events == stalled.events


def test_a_stall_is_news_once_and_again_after_it_was_over() -> None:
    settled = Settled(10)
    stalled = Part("AWS", "Table", "orders", State.STALLED, Reason.CONFLICT, "taken")
    assert [event.message for event in settled.news(KEY, stalled).events] == ["taken"]
    assert settled.news(KEY, stalled).events == ()
    assert len(settled.news(KEY, replace(stalled, message="other")).events) == 1
    settled.news(KEY, PART)
    assert len(settled.news(KEY, stalled).events) == 1
