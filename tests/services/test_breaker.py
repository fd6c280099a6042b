"""Circuit breaker, retry budget and stale cache, with a clock that the tests set."""

import asyncio
from itertools import count

import pytest
from prometheus_client import REGISTRY

from shop_shared.resilience.breaker import Breaker, BreakerPolicy, CircuitOpen, State
from shop_shared.resilience.retry_budget import RetryBudget
from shop_shared.resilience.stale_cache import StaleCache

_names = (f"upstream-{number}" for number in count())


class Clock:
    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


class Away(Exception):
    """An outage of the other service."""


class Cut(Exception):
    """A call that the caller ended."""


class Circuit:
    """A breaker with calls whose results the test chooses."""

    def __init__(self) -> None:
        self.clock = Clock()
        self.name = next(_names)
        self.breaker = Breaker(self.name, BreakerPolicy(), self.clock)

    def call(self, error: BaseException | None = None) -> None:
        with self.breaker.guard((Away,), inconclusive=(Cut,)):
            if error:
                raise error

    def fail(self, times: int = 1) -> None:
        for _ in range(times):
            with pytest.raises(Away):
                self.call(Away())

    def succeed(self, times: int = 1) -> None:
        for _ in range(times):
            self.call()

    def refuses(self) -> float:
        with pytest.raises(CircuitOpen) as refusal:
            self.call()
        return refusal.value.retry_after

    def state(self) -> State:
        return self.breaker.state

    @property
    def metric(self) -> float | None:
        return REGISTRY.get_sample_value("circuit_breaker_state", {"upstream": self.name})


@pytest.fixture
def circuit() -> Circuit:
    return Circuit()


@pytest.mark.parametrize(
    ("good", "bad", "state"),
    [
        (0, 9, State.CLOSED),  # below the minimum
        (0, 10, State.OPEN),
        (5, 5, State.OPEN),  # half
        (6, 5, State.CLOSED),  # less than half
        (50, 49, State.CLOSED),
        (50, 50, State.OPEN),
    ],
)
def test_the_breaker_opens_when_half_of_enough_calls_fail(good: int, bad: int, state: State, circuit: Circuit) -> None:
    circuit.succeed(good)
    circuit.fail(bad)
    assert circuit.state() is state
    assert circuit.metric == state


def test_calls_before_the_window_do_not_count(circuit: Circuit) -> None:
    circuit.fail(9)
    circuit.clock.now += 10
    circuit.fail(9)
    assert circuit.state() is State.CLOSED
    circuit.fail()
    assert circuit.state() is State.OPEN


def test_other_exceptions_count_as_success(circuit: Circuit) -> None:
    circuit.fail(9)
    for _ in range(11):
        with pytest.raises(LookupError):
            circuit.call(LookupError())
    circuit.fail()
    assert circuit.state() is State.CLOSED


def test_an_open_breaker_rejects_calls_for_thirty_seconds(circuit: Circuit) -> None:
    circuit.fail(10)
    assert circuit.refuses() == 30
    circuit.clock.now += 29.5
    assert circuit.refuses() == 0.5
    circuit.clock.now += 0.5
    circuit.succeed()
    assert circuit.state() is State.CLOSED


def test_a_half_open_breaker_allows_a_single_call(circuit: Circuit) -> None:
    circuit.fail(10)
    circuit.clock.now += 30
    with circuit.breaker.guard((Away,)):
        assert circuit.state() is State.HALF_OPEN
        assert circuit.metric == State.HALF_OPEN
        for _ in range(5):
            circuit.refuses()
    circuit.succeed(5)
    assert circuit.state() is State.CLOSED


def test_a_failed_probe_opens_the_breaker_again(circuit: Circuit) -> None:
    circuit.fail(10)
    circuit.clock.now += 31
    circuit.fail()
    assert circuit.state() is State.OPEN
    assert circuit.refuses() == 30


@pytest.mark.parametrize("end", [asyncio.CancelledError(), Cut()])
def test_after_an_inconclusive_probe_the_next_call_is_the_probe(end: BaseException, circuit: Circuit) -> None:
    circuit.fail(10)
    circuit.clock.now += 30
    with pytest.raises(type(end)):
        circuit.call(end)
    assert circuit.state() is State.OPEN
    circuit.succeed()
    assert circuit.state() is State.CLOSED


def test_a_call_of_an_earlier_generation_is_ignored(circuit: Circuit) -> None:
    with circuit.breaker.guard((Away,)):
        circuit.fail(10)
    assert circuit.state() is State.OPEN

    circuit.clock.now += 30
    slow = circuit.breaker.guard((Away,))
    slow.__enter__()  # the probe
    slow.__exit__(None, None, None)
    assert circuit.state() is State.CLOSED


def test_the_retry_budget_is_a_tenth_of_the_requests_plus_a_reserve() -> None:
    budget = RetryBudget()
    retries = 0
    for _ in range(1000):
        budget.deposit()
        retries += budget.withdraw()
    assert 100 <= retries <= 110
    assert not budget.withdraw()


async def test_the_stale_cache_answers_in_an_outage_with_its_age() -> None:
    clock = Clock()
    memory: StaleCache[str, str | None] = StaleCache(next(_names), max_entries=2, max_age_seconds=60, clock=clock)

    async def ask(key: str, answer: str | Exception | None) -> tuple[str | None, float | None]:
        async def fetch() -> str | None:
            if isinstance(answer, Exception):
                raise answer
            return answer

        given = await memory.fetch_or_stale(key, fetch, (Away,))
        return given.value, given.age_seconds

    with pytest.raises(Away):
        await ask("lamp", Away())
    assert await ask("lamp", "old") == ("old", None)
    clock.now += 5
    assert await ask("lamp", Away()) == ("old", 5)
    with pytest.raises(LookupError):
        await ask("lamp", LookupError())
    clock.now += 56
    with pytest.raises(Away):
        await ask("lamp", Away())

    await ask("lamp", "new")
    await ask("lamp", None)  # gone
    with pytest.raises(Away):
        await ask("lamp", Away())

    for key in ("lamp", "chair", "desk"):
        await ask(key, key)
    with pytest.raises(Away):
        await ask("lamp", Away())  # evicted: the cache is bounded
    assert await ask("desk", Away()) == ("desk", 0)
