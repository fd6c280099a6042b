"""Unchanged resources are not read again before the resync, and problems are reported once."""

from dataclasses import replace

from microservice_operator.facts import Event, Part, Reason, State
from microservice_operator.resync_cache import Outcome, ResyncCache

KEY = ("uid", "Table", "orders")
PART = Part("AWS", "Table", "orders", State.READY, events=(Event("Normal", Reason.TABLE_CREATED, "made"),))


def test_recalled_until_the_resync_or_a_change() -> None:
    now = 0.0
    resync_cache = ResyncCache(10, lambda: now)
    assert resync_cache.get(KEY, "a") is None
    resync_cache.put(KEY, "a", PART)
    assert resync_cache.get(KEY, "a") == replace(PART, events=())
    assert resync_cache.get(KEY, "b") is None
    now = 10
    assert resync_cache.get(KEY, "a") is None


def test_forgotten_on_request() -> None:
    resync_cache = ResyncCache(10)
    resync_cache.put(KEY, "a", PART)
    resync_cache.invalidate_owner("another")
    assert resync_cache.get(KEY, "a")
    resync_cache.invalidate_owner("uid")
    assert resync_cache.get(KEY, "a") is None


def test_one_that_leaves_is_looked_at_and_what_was_said_of_it_is_remembered() -> None:
    resync_cache = ResyncCache(10)
    stalled = replace(PART, state=State.STALLED, message="taken")
    resync_cache.put(KEY, "a", PART)
    resync_cache.with_warning(KEY, stalled)
    resync_cache.invalidate(KEY)
    assert resync_cache.get(KEY, "a") is None
    assert resync_cache.with_warning(KEY, stalled).events == stalled.events


def test_a_stall_is_news_once_and_again_after_it_was_over() -> None:
    resync_cache = ResyncCache(10)
    stalled = Part("AWS", "Table", "orders", State.STALLED, Reason.CONFLICT, "taken")
    assert [event.message for event in resync_cache.with_warning(KEY, stalled).events] == ["taken"]
    assert resync_cache.with_warning(KEY, stalled).events == ()
    assert len(resync_cache.with_warning(KEY, replace(stalled, message="other")).events) == 1
    resync_cache.with_warning(KEY, PART)
    assert len(resync_cache.with_warning(KEY, stalled).events) == 1


async def test_what_is_up_to_date_is_reconciled_once_until_its_desired_state_changes() -> None:
    resync_cache, taken = ResyncCache(10), list[int]()

    async def reconcile() -> Outcome:
        taken.append(len(taken))
        return Outcome(PART, up_to_date=True)

    first = await resync_cache.reconcile(KEY, "a", reconcile)
    assert (first.part, taken) == (PART, [0])
    assert await resync_cache.reconcile(KEY, "a", reconcile) == Outcome(replace(PART, events=()), up_to_date=True)
    assert taken == [0]
    await resync_cache.reconcile(KEY, "b", reconcile)
    assert taken == [0, 1]
    await resync_cache.reconcile(KEY, "b", reconcile, use_cached=False)
    assert taken == [0, 1, 2]


async def test_what_is_stalled_is_reconciled_each_time_and_warned_about_once() -> None:
    resync_cache = ResyncCache(10)

    async def reconcile() -> Outcome:
        return Outcome(Part("AWS", "Table", "orders", State.STALLED, Reason.CONFLICT, "taken"))

    warnings = [len((await resync_cache.reconcile(KEY, "a", reconcile)).part.events) for _ in range(3)]
    assert warnings == [1, 0, 0]
