"""A circuit breaker: after too many failures nobody asks any more for a while, then one call finds out.

    CLOSED     calls go through and are counted; opens when half of the last ten seconds' calls failed
    OPEN       calls are refused at once, for thirty seconds
    HALF_OPEN  one single call goes through: it closes the breaker, or opens it for another thirty seconds

Our own, since the libraries at hand (purgatory, aiobreaker, pybreaker, hyx) count consecutive failures and not a share
of a rolling window, or let more than one probe through. For one event loop; not for threads.
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
_changes = Counter("circuit_breaker_transitions", "Changes of a breaker's state", ["upstream", "to"])
_refused = Counter("circuit_breaker_refused", "Calls that a breaker did not let through", ["upstream"])

Failures = tuple[type[BaseException], ...]


class State(IntEnum):
    """As the metric shows it."""

    CLOSED = 0
    HALF_OPEN = 1
    OPEN = 2


@dataclass(frozen=True)
class BreakerPolicy:
    failure_rate: float = 0.5
    window_seconds: int = 10
    minimum_calls: int = 10
    """Below this many in the window a share says nothing."""
    open_seconds: float = 30


@dataclass
class CircuitOpen(Exception):
    """The call was not made."""

    upstream: str
    retry_after: float


@dataclass
class _Second:
    at: int
    calls: int = 0
    failed: int = 0


class Breaker:
    def __init__(
        self, upstream: str, policy: BreakerPolicy | None = None, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._upstream = upstream
        self._policy = policy or BreakerPolicy()
        self._clock = clock
        self._seconds: deque[_Second] = deque()
        self._opened_at = 0.0
        self._era = 0
        """Grows with each change of state: what a call of an earlier one meets says nothing of this one."""
        self.state = State.CLOSED
        _state.labels(upstream).set(State.CLOSED)

    @contextmanager
    def guarding(self, failures: Failures, undecided: Failures = ()) -> Iterator[None]:
        """Let one call through and note how it ended, or raise ``CircuitOpen``.

        Any other exception is an answer, so the other side works. A call that was cancelled says nothing.
        """
        era = self._admit()
        try:
            yield
        except undecided:
            self._undecided(era)
            raise
        except failures:
            self._ended(era, failed=True)
            raise
        except Exception:
            self._ended(era, failed=False)
            raise
        except BaseException:
            self._undecided(era)
            raise
        self._ended(era, failed=False)

    def _admit(self) -> int:
        if self.state is State.OPEN:
            left = self._opened_at + self._policy.open_seconds - self._clock()
            if left > 0:
                self._refuse(left)
            self._become(State.HALF_OPEN)
        elif self.state is State.HALF_OPEN:
            self._refuse(1)
        return self._era

    def _refuse(self, seconds: float) -> None:
        _refused.labels(self._upstream).inc()
        raise CircuitOpen(self._upstream, seconds)

    def _ended(self, era: int, *, failed: bool) -> None:
        if era != self._era:
            return
        if self.state is State.HALF_OPEN:
            self._become(State.OPEN if failed else State.CLOSED)
        elif self._is_too_much(failed=failed) and failed:
            self._become(State.OPEN)

    def _undecided(self, era: int) -> None:
        if era == self._era and self.state is State.HALF_OPEN:
            opened_at = self._opened_at
            self._become(State.OPEN)
            self._opened_at = opened_at  # the time is over: the next call is the probe

    def _is_too_much(self, *, failed: bool) -> bool:
        now = int(self._clock())
        if not self._seconds or self._seconds[-1].at != now:
            self._seconds.append(_Second(now))
        while self._seconds[0].at <= now - self._policy.window_seconds:
            self._seconds.popleft()
        self._seconds[-1].calls += 1
        self._seconds[-1].failed += failed
        calls = sum(second.calls for second in self._seconds)
        failures = sum(second.failed for second in self._seconds)
        return calls >= self._policy.minimum_calls and failures >= calls * self._policy.failure_rate

    def _become(self, state: State) -> None:
        self.state = state
        self._era += 1
        self._seconds.clear()
        if state is State.OPEN:
            self._opened_at = self._clock()
        _state.labels(self._upstream).set(state)
        _changes.labels(self._upstream, state.name.lower()).inc()
        log.warning("circuit breaker changed", upstream=self._upstream, state=state.name)
