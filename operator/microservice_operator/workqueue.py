"""Which object next: keyed, de-duplicated, level-triggered, fair over namespaces, with back-off.

`app` and the watches add keys; workers take them one at a time. A key that is added while its pass runs is queued again
when that pass ends, so the same object never has two passes at once and no event is lost.
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
SPARE = 100  # timers that may be out of date before they are sorted out


@dataclass
class _Slot:
    """Where one key stands."""

    queued_at: float | None = None
    started_at: float | None = None
    dirty: bool = False
    failures: int = 0
    due: float | None = None
    dropped: bool = False


class WorkQueue:
    """Keys waiting for a pass. All methods are called from one event loop."""

    def __init__(self, clock: asyncio.AbstractEventLoop | None = None) -> None:
        """Start empty; `clock` is the event loop whose time is used, the running one by default."""
        self._loop = clock or asyncio.get_running_loop()
        self._slots: dict[Key, _Slot] = {}
        self._ready: dict[str, deque[Key]] = {}
        self._turns: deque[str] = deque()
        self._timers: list[tuple[float, int, Key]] = []
        self._order = itertools.count()
        self._timer: asyncio.TimerHandle | None = None
        self._waiters: deque[asyncio.Future[None]] = deque()

    def add(self, key: Key) -> None:
        """Ask for a pass over `key` as soon as a worker is free."""
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
        """Ask for a pass in `seconds`, unless an earlier one is due already."""
        slot = self._slots.setdefault(key, _Slot())
        due = self._loop.time() + seconds
        if slot.queued_at is not None or slot.dirty or (slot.due is not None and slot.due <= due):
            return
        slot.due = due
        heapq.heappush(self._timers, (due, next(self._order), key))
        if len(self._timers) > 2 * len(self._slots) + SPARE:
            # Most were overtaken by an earlier pass.
            self._timers = [timer for timer in self._timers if self._counts(timer)]
            heapq.heapify(self._timers)
        self._arm()

    def back_off(self, key: Key, at_least: float = 0.0) -> float:
        """Ask for a pass later, doubling per failure in a row, with jitter; return the seconds."""
        slot = self._slots.setdefault(key, _Slot())
        ceiling = min(LONGEST_BACK_OFF, FIRST_BACK_OFF * 2**slot.failures)
        slot.failures = min(slot.failures + 1, 20)
        seconds = max(at_least, random.uniform(ceiling / 2, ceiling))  # noqa: S311 jitter is no secret
        self.add_after(key, seconds)
        return seconds

    def forget_failures(self, key: Key) -> None:
        """Begin the back-off anew: the spec changed, or a pass went through."""
        if key in self._slots:
            self._slots[key].failures = 0

    def drop(self, key: Key) -> None:
        """Forget a key whose object is gone; a queued pass still runs and finds nothing, and is the last one."""
        slot = self._slots.get(key)
        if slot is None:
            return
        if slot.queued_at is None and slot.started_at is None:
            del self._slots[key]
        else:
            slot.dropped, slot.due, slot.failures = True, None, 0

    async def take(self) -> Key:
        """Wait for the next key; the caller owes `done`."""
        while not self._turns:
            waiter = self._loop.create_future()
            self._waiters.append(waiter)
            try:
                await waiter
            except asyncio.CancelledError:
                # A wake-up given to a worker that is leaving belongs to the next one.
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
        """End the pass over `key`; queue it again if something happened meanwhile."""
        slot = self._slots[key]
        slot.started_at = None
        if slot.dropped:
            del self._slots[key]
        elif slot.dirty:
            slot.dirty = False
            self.add(key)

    @property
    def depth(self) -> int:
        """How many keys wait."""
        return sum(len(keys) for keys in self._ready.values())

    def knows(self, key: Key) -> bool:
        """Whether anything is kept of it."""
        return key in self._slots

    @property
    def timers(self) -> int:
        """How many timers are kept, those that were overtaken too."""
        return len(self._timers)

    @property
    def oldest_age(self) -> float:
        """Seconds that the longest waiting or longest running key has been at it."""
        now = self._loop.time()
        since = [slot.queued_at or slot.started_at for slot in self._slots.values()]
        return max((now - at for at in since if at is not None), default=0.0)

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
