"""A circuit breaker: after too many failures it rejects calls for a while, then tries a single probe.

    CLOSED     calls pass and are counted; it opens when half of the calls of the last ten seconds failed
    OPEN       calls are rejected at once, for thirty seconds
    HALF_OPEN  a single call passes: it closes the breaker, or opens it for another thirty seconds

This is our own implementation. The available libraries (purgatory, aiobreaker, pybreaker, hyx) count consecutive
failures instead of a share of a rolling window, or allow more than one probe. It serves one event loop; it is not
thread-safe.
"""

import time
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from enum import IntEnum

import structlog
from prometheus_client import Counter, Gauge

log = structlog.get_logger(__name__)

_state = Gauge("circuit_breaker_state", "0 closed, 1 half-open, 2 open", ["upstream"])
_transitions = Counter("circuit_breaker_transitions", "State changes of a circuit breaker", ["upstream", "to"])
_rejected = Counter("circuit_breaker_refused", "Calls that a circuit breaker rejected", ["upstream"])

Failures = tuple[type[BaseException], ...]


class State(IntEnum):
    """The values are those of the metric."""

    CLOSED = 0
    HALF_OPEN = 1
    OPEN = 2


@dataclass(frozen=True)
class BreakerPolicy:
    failure_rate: float = 0.5
    window_seconds: int = 10
    minimum_calls: int = 10
    """With fewer calls in the window, the failure rate is not meaningful."""
    open_seconds: float = 30


@dataclass
class CircuitOpen(Exception):
    """The call was not made."""

    upstream: str
    retry_after: float


@dataclass
class _Bucket:
    """The calls of one second."""

    second: int
    calls: int = 0
    failed: int = 0


class Breaker:
    def __init__(
        self, upstream: str, policy: BreakerPolicy | None = None, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._upstream = upstream
        self._policy = policy or BreakerPolicy()
        self._clock = clock
        self._window: deque[_Bucket] = deque()
        self._opened_at = 0.0
        self._generation = 0
        """Increases with each state change: the result of a call from an earlier generation is ignored."""
        self.state = State.CLOSED
        _state.labels(upstream).set(State.CLOSED)

    @contextmanager
    def guard(self, failures: Failures, inconclusive: Failures = ()) -> Iterator[None]:
        """Allow one call and record its result, or raise ``CircuitOpen``.

        Any other exception is an answer, so the service works. A cancelled call is inconclusive.
        """
        generation = self._before_call()
        try:
            yield
        except inconclusive:
            self._inconclusive(generation)
            raise
        except failures:
            self._after_call(generation, failed=True)
            raise
        except Exception:
            self._after_call(generation, failed=False)
            raise
        except BaseException:
            self._inconclusive(generation)
            raise
        self._after_call(generation, failed=False)

    def _before_call(self) -> int:
        if self.state is State.OPEN:
            left = self._opened_at + self._policy.open_seconds - self._clock()
            if left > 0:
                self._reject(left)
            self._set_state(State.HALF_OPEN)
        elif self.state is State.HALF_OPEN:
            self._reject(1)
        return self._generation

    def _reject(self, retry_after: float) -> None:
        _rejected.labels(self._upstream).inc()
        raise CircuitOpen(self._upstream, retry_after)

    def _after_call(self, generation: int, *, failed: bool) -> None:
        if generation != self._generation:
            return
        if self.state is State.HALF_OPEN:
            self._set_state(State.OPEN if failed else State.CLOSED)
            return
        self._record(failed=failed)
        if failed and self._over_threshold():
            self._set_state(State.OPEN)

    def _inconclusive(self, generation: int) -> None:
        if generation == self._generation and self.state is State.HALF_OPEN:
            opened_at = self._opened_at
            self._set_state(State.OPEN)
            self._opened_at = opened_at  # the open time has already passed: the next call is the probe

    def _record(self, *, failed: bool) -> None:
        now = int(self._clock())
        if not self._window or self._window[-1].second != now:
            self._window.append(_Bucket(now))
        while self._window[0].second <= now - self._policy.window_seconds:
            self._window.popleft()
        self._window[-1].calls += 1
        self._window[-1].failed += failed

    def _over_threshold(self) -> bool:
        calls = sum(bucket.calls for bucket in self._window)
        failed = sum(bucket.failed for bucket in self._window)
        return calls >= self._policy.minimum_calls and failed >= calls * self._policy.failure_rate

    def _set_state(self, state: State) -> None:
        self.state = state
        self._generation += 1
        self._window.clear()
        if state is State.OPEN:
            self._opened_at = self._clock()
        _state.labels(self._upstream).set(state)
        _transitions.labels(self._upstream, state.name.lower()).inc()
        log.warning("circuit breaker changed", upstream=self._upstream, state=state.name)
