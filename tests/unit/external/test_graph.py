"""The order of resources, and which ones run concurrently."""

import asyncio
from collections.abc import Mapping

import pytest
from hypothesis import given
from hypothesis import strategies as st

from microservice_operator.external.graph import Key, dependency_graph, describe_keys, needed_by, topological_order
from microservice_operator.external.reconcile import StepFunction, StepResults, in_order
from microservice_operator.external.resource import StepResult
from microservice_operator.facts import Part, State

Needs = dict[Key, frozenset[Key]]


def key(number: int) -> Key:
    return "Queue", f"q{number}"


@st.composite
def needs(draw: st.DrawFn) -> Needs:
    """Parts that need some of those with smaller numbers."""
    count = draw(st.integers(1, 9))
    return {
        key(number): frozenset(key(n) for n in draw(st.sets(st.integers(0, number - 1)) if number else st.just(set())))
        for number in range(count)
    }


@given(needs(), st.sets(st.integers(0, 9)))
def test_wanted_ones_come_after_their_needs_and_leaving_ones_after_their_holders(every: Needs, going: set[int]) -> None:
    leaving = {at: of for at, of in every.items() if at in {key(number) for number in going}}
    wanted = {at: of for at, of in every.items() if at not in leaving}
    order = topological_order(dependency_graph(wanted, leaving))
    assert sorted(order) == sorted(every)
    scope = {at: number for number, at in enumerate(order)}
    for at, of in every.items():
        for need in of:
            if at in wanted and need in wanted:
                assert scope[need] < scope[at]
            elif need in leaving:
                assert scope[at] < scope[need]


@given(needs())
def test_deletion_is_creation_backwards(every: Needs) -> None:
    forth, back = dependency_graph(every, {}), dependency_graph({}, every)
    assert back == {at: needed_by(at, every) for at in every}
    assert {(a, b) for a, of in forth.items() for b in of} == {(b, a) for a, of in back.items() for b in of}


@given(needs())
def test_the_same_needs_give_the_same_order(every: Needs) -> None:
    assert topological_order(every) == topological_order(dict(reversed(every.items())))


@pytest.mark.parametrize(
    ("keys", "sentence"),
    [
        ([("Queue", "orders")], "queue orders"),
        ([("Topic", "created"), ("DeadLetterQueue", "orders")], "dead letter queue orders, topic created"),
        ([("API", "shop")], "API shop"),
        ([], ""),
    ],
)
def test_parts_in_a_sentence(keys: list[Key], sentence: str) -> None:
    assert describe_keys(keys) == sentence


def done(at: Key) -> StepResult:
    return StepResult((Part("AWS", at[0], at[1], State.READY, id="arn"),))


@given(needs())
def test_each_takes_its_turn_once_all_before_it_have(every: Needs) -> None:
    taken: list[Key] = []

    def take(at: Key) -> StepFunction:
        async def step(before: StepResults) -> StepResult:
            assert before.keys() == every[at]
            assert set(before) <= set(taken)
            await asyncio.sleep(0)
            taken.append(at)
            return done(at)

        return step

    results = asyncio.run(in_order(every, {at: take(at) for at in every}))
    assert sorted(taken) == sorted(results) == sorted(every)


async def test_independent_ones_proceed_together() -> None:
    """A resource that hangs delays only the resources that need it."""
    hangs, free = asyncio.Event(), asyncio.Event()
    order: Mapping[Key, frozenset[Key]] = {key(0): frozenset(), key(1): frozenset(), key(2): frozenset({key(1)})}

    async def hanging(_before: StepResults) -> StepResult:
        await hangs.wait()
        return done(key(0))

    async def first(_before: StepResults) -> StepResult:
        return done(key(1))

    async def second(_before: StepResults) -> StepResult:
        free.set()
        return done(key(2))

    running = asyncio.create_task(in_order(order, {key(0): hanging, key(1): first, key(2): second}))
    await asyncio.wait_for(free.wait(), 5)
    assert not running.done()
    hangs.set()
    assert len(await running) == 3


async def test_a_bug_in_one_surfaces_after_the_others_have_had_their_turn() -> None:
    taken = []

    async def broken(_before: StepResults) -> StepResult:
        raise ZeroDivisionError

    async def fine(_before: StepResults) -> StepResult:
        await asyncio.sleep(0)
        taken.append(key(1))
        return done(key(1))

    with pytest.raises(ZeroDivisionError):
        await in_order({key(0): frozenset(), key(1): frozenset()}, {key(0): broken, key(1): fine})
    assert taken == [key(1)]
