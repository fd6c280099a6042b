"""Repeats writes that AWS accepts and does not show with longer and longer waits.

AWS may show a change late or keep another value than the one written, and another tool may set it back at once.
Without a backoff, the operator would write in every reconciliation forever.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from .report import AT_ONCE, Repeat

Key = tuple[str, ...]

_FIRST, _LONGEST = 5.0, 300.0
_FORGOTTEN = 3600.0
_DUE = 0.05  # a shorter rest of a wait is only a clock's rounding


@dataclass
class _Memory:
    what: Any
    times: int
    first: float
    last: float


class WriteBackoff:
    """The recent steps by resource; one object for the whole process."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        """Start empty."""
        self._clock = clock
        self._taken: dict[Key, dict[str, _Memory]] = {}

    def of(self, key: Key, name: str, what: Any) -> Repeat:
        """Return how often a step was repeated; `what` (change and old values) tells apart steps of one name."""
        memory = self._taken.get(key, {}).get(name)
        if memory is None or memory.what != what:
            return Repeat()
        now = self._clock()
        wait = 0.0
        if memory.times >= AT_ONCE:
            wait = min(_LONGEST, _FIRST * 2 ** min(memory.times - AT_ONCE, 10)) - (now - memory.last)
        return Repeat(memory.times, now - memory.first, wait if wait > _DUE else 0.0)

    def taken(self, key: Key, name: str, what: Any) -> None:
        """Record that AWS accepted the step."""
        now = self._clock()
        for stale in [
            candidate
            for candidate, steps in self._taken.items()
            if all(now - m.last > _FORGOTTEN for m in steps.values())
        ]:
            del self._taken[stale]
        steps = self._taken.setdefault(key, {})
        memory = steps.get(name)
        if memory is None or memory.what != what:
            steps[name] = _Memory(what, 1, now, now)
        else:
            memory.times, memory.last = memory.times + 1, now

    def forget(self, key: Key) -> None:
        """Forget the steps of a resource that has its desired state."""
        self._taken.pop(key, None)
