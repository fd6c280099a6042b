"""The work queue: keyed, de-duplicated, level-triggered, fair across namespaces, with backoff.

`app` and the watches add keys; workers take them one at a time. A key that is added during its reconciliation is queued
again when that ends, so the same object never has two reconciliations at once and no event is lost.
"""

import asyncio
import heapq
import itertools
import random
from collections import deque
from dataclasses import dataclass

Key = tuple[str, str]  # namespace, name

FIRST_BACK_OFF = 0.5
LONGEST_BACK_OFF = 300.0
SPARE = 100  # outdated timers that may remain before a cleanup


@dataclass
class _Slot:
    """State of one key."""

    queued_at: float | None = None
    started_at: float | None = None
    dirty: bool = False
    failures: int = 0
    due: float | None = None
    dropped: bool = False


class WorkQueue:
    """Keys that wait for a reconciliation. All methods are called from one event loop."""

    def __init__(self, clock: asyncio.AbstractEventLoop | None = None) -> None:
        """Start empty; `clock` is the event loop that provides the time, by default the running one."""
        self._loop = clock or asyncio.get_running_loop()
        self._slots: dict[Key, _Slot] = {}
        self._ready: dict[str, deque[Key]] = {}
        self._turns: deque[str] = deque()
        self._timers: list[tuple[float, int, Key]] = []
        self._order = itertools.count()
        self._timer: asyncio.TimerHandle | None = None
        self._waiters: deque[asyncio.Future[None]] = deque()

    def add(self, key: Key) -> None:
        """Request a reconciliation of `key` as soon as a worker is free."""
        slot = self._slots.setdefault(key, _Slot())
        slot.due, slot.dropped = None, False
        if slot.started_at is not None:
            slot.dirty = True
        elif slot.queued_at is None:
            slot.queued_at = self._loop.time()
            namespace = key[0]
            if namespace not in self._ready:
                self._ready[namespace] = deque()
                self._turns.append(namespace)
            self._ready[namespace].append(key)
            self._wake()

    def add_after(self, key: Key, seconds: float) -> None:
        """Request a reconciliation in `seconds`, unless one is due earlier."""
        slot = self._slots.setdefault(key, _Slot())
        due = self._loop.time() + seconds
        if slot.queued_at is not None or slot.dirty or (slot.due is not None and slot.due <= due):
            return
        slot.due = due
        heapq.heappush(self._timers, (due, next(self._order), key))
        if len(self._timers) > 2 * len(self._slots) + SPARE:
            # Most are outdated by an earlier reconciliation.
            self._timers = [timer for timer in self._timers if self._counts(timer)]
            heapq.heapify(self._timers)
        self._arm()

    def back_off(self, key: Key, at_least: float = 0.0) -> float:
        """Request a later reconciliation, with doubled wait per consecutive failure and jitter; return the seconds."""
        slot = self._slots.setdefault(key, _Slot())
        ceiling = min(LONGEST_BACK_OFF, FIRST_BACK_OFF * 2**slot.failures)
        slot.failures = min(slot.failures + 1, 20)
        seconds = max(at_least, random.uniform(ceiling / 2, ceiling))  # noqa: S311 jitter is no secret
        self.add_after(key, seconds)
        return seconds

    def forget_failures(self, key: Key) -> None:
        """Reset the backoff, because the spec changed or a reconciliation succeeded."""
        if key in self._slots:
            self._slots[key].failures = 0

    def drop(self, key: Key) -> None:
        """Forget the key of a deleted object; a queued reconciliation still runs once and finds nothing."""
        slot = self._slots.get(key)
        if slot is None:
            return
        if slot.queued_at is None and slot.started_at is None:
            del self._slots[key]
        else:
            slot.dropped, slot.due, slot.failures = True, None, 0

    async def take(self) -> Key:
        """Wait for the next key; the caller must call `done` afterwards."""
        while not self._turns:
            waiter = self._loop.create_future()
            self._waiters.append(waiter)
            try:
                await waiter
            except asyncio.CancelledError:
                # Pass the wake-up of a stopping worker on to the next one.
                if waiter.done() and not waiter.cancelled():
                    self._wake()
                raise
        namespace = self._turns.popleft()
        keys = self._ready[namespace]
        key = keys.popleft()
        if keys:
            self._turns.append(namespace)
        else:
            del self._ready[namespace]
        slot = self._slots[key]
        slot.queued_at, slot.started_at = None, self._loop.time()
        return key

    def done(self, key: Key) -> None:
        """End the reconciliation of `key`; queue it again if it was added meanwhile."""
        slot = self._slots[key]
        slot.started_at = None
        if slot.dropped:
            del self._slots[key]
        elif slot.dirty:
            slot.dirty = False
            self.add(key)

    @property
    def depth(self) -> int:
        """Number of waiting keys."""
        return sum(len(keys) for keys in self._ready.values())

    def knows(self, key: Key) -> bool:
        """Return whether the queue has any state of a key."""
        return key in self._slots

    @property
    def timers(self) -> int:
        """Number of timers, including outdated ones."""
        return len(self._timers)

    @property
    def oldest_age(self) -> float:
        """Seconds that the oldest key has been waiting or running."""
        now = self._loop.time()
        since = [slot.queued_at or slot.started_at for slot in self._slots.values()]
        return max((now - start for start in since if start is not None), default=0.0)

    def _wake(self) -> None:
        while self._waiters:
            waiter = self._waiters.popleft()
            if not waiter.done():
                waiter.set_result(None)
                return

    def _arm(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
        self._timer = self._loop.call_at(self._timers[0][0], self._expire) if self._timers else None

    def _expire(self) -> None:
        self._timer = None
        now = self._loop.time()
        while self._timers and self._timers[0][0] <= now:
            timer = heapq.heappop(self._timers)
            if self._counts(timer):
                self.add(timer[2])
        self._arm()

    def _counts(self, timer: tuple[float, int, Key]) -> bool:
        slot = self._slots.get(timer[2])
        return slot is not None and slot.due == timer[0]
