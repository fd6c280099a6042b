"""The work queue: one reconciliation per key at a time, no lost key, fairness, backoff."""

import asyncio

from microservice_operator.workqueue import WorkQueue

A, B, C = ("one", "a"), ("one", "b"), ("two", "c")


async def test_a_key_that_is_removed_during_its_reconciliation_leaves_nothing_behind() -> None:
    queue = WorkQueue()
    for end in (queue.back_off, queue.add, lambda key: queue.add_after(key, 1000), lambda _: None):
        queue.add(A)
        assert await queue.take() == A
        end(A)
        queue.drop(A)
        queue.done(A)
        assert not queue.knows(A), end


async def test_a_key_that_is_removed_while_it_waits_is_reconciled_once_more() -> None:
    queue = WorkQueue()
    queue.add(A)
    queue.drop(A)
    assert await queue.take() == A
    queue.done(A)
    assert not queue.knows(A)
    assert queue.depth == 0


async def test_a_namesake_of_a_key_that_is_gone_is_queued() -> None:
    queue = WorkQueue()
    queue.add(A)
    assert await queue.take() == A
    queue.drop(A)
    queue.add(A)
    queue.done(A)
    assert await queue.take() == A
    queue.done(A)
    assert queue.knows(A)


async def test_timers_that_were_overtaken_do_not_pile_up() -> None:
    queue = WorkQueue()
    for number in range(10_000):
        queue.add_after(A, 1000 - number / 100)
    assert queue.timers < 1000


async def test_a_server_that_says_when_to_come_again_is_heard() -> None:
    assert WorkQueue().back_off(A, at_least=30) == 30


async def test_a_key_added_often_is_taken_once() -> None:
    queue = WorkQueue()
    for _ in range(3):
        queue.add(A)
    assert queue.depth == 1
    assert await queue.take() == A
    queue.done(A)
    assert queue.depth == 0


async def test_an_event_during_a_reconciliation_enqueues_the_key_again() -> None:
    queue = WorkQueue()
    queue.add(A)
    await queue.take()
    queue.add(A)
    queue.add(A)
    assert queue.depth == 0
    queue.done(A)
    assert queue.depth == 1


async def test_namespaces_take_turns() -> None:
    queue = WorkQueue()
    for number in range(5):
        queue.add(("flood", str(number)))
    queue.add(C)
    taken = [await queue.take() for _ in range(2)]
    assert C in taken


async def test_a_worker_waits_for_a_key() -> None:
    queue = WorkQueue()
    waiting = asyncio.create_task(queue.take())
    await asyncio.sleep(0)
    queue.add(B)
    assert await waiting == B


async def test_a_cancelled_worker_passes_its_wake_up_on() -> None:
    queue = WorkQueue()
    first, second = asyncio.create_task(queue.take()), asyncio.create_task(queue.take())
    await asyncio.sleep(0)
    queue.add(A)
    first.cancel()
    await asyncio.gather(first, return_exceptions=True)
    assert await asyncio.wait_for(second, 5) == A


async def test_the_earliest_of_several_looks_counts() -> None:
    queue = WorkQueue()
    queue.add_after(A, 3600)
    queue.add_after(A, 0.01)
    queue.add_after(A, 7200)
    assert await asyncio.wait_for(queue.take(), 5) == A
    queue.done(A)
    assert queue.depth == 0


async def test_a_key_that_is_queued_needs_no_timer() -> None:
    queue = WorkQueue()
    queue.add(A)
    queue.add_after(A, 0.0)
    await queue.take()
    queue.done(A)
    await asyncio.sleep(0.02)
    assert queue.depth == 0


async def test_back_off_grows_and_begins_anew_when_forgotten() -> None:
    queue = WorkQueue()
    first = queue.back_off(A)
    for _ in range(12):
        later = queue.back_off(A)
    assert first <= 0.5
    assert 150 <= later <= 300
    queue.forget_failures(A)
    assert queue.back_off(A) <= 0.5


async def test_the_oldest_age_counts_waiting_and_running_keys() -> None:
    queue = WorkQueue()
    assert queue.oldest_age == 0
    queue.add(A)
    await asyncio.sleep(0.02)
    assert queue.oldest_age > 0
    await queue.take()
    await asyncio.sleep(0.02)
    assert queue.oldest_age > 0
    queue.done(A)
    assert queue.oldest_age == 0


async def test_a_dropped_key_leaves_no_timer_behind() -> None:
    queue = WorkQueue()
    queue.add_after(A, 0.01)
    queue.drop(A)
    await asyncio.sleep(0.03)
    assert queue.depth == 0
