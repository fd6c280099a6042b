"""Caches external resources that matched their desired state at their last read, until the next resync.

A reconciliation runs for many reasons (a pod became ready, a label was set), and only some concern AWS or PostgreSQL. A
resource that was up to date is not read again before the resync, unless its desired state changes or a person requests
it.
"""

import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from typing import Any

from . import resync_reads
from .facts import Event, Part, State

Key = tuple[str, str, str]  # UID of the Microservice, kind, name


@dataclass(frozen=True)
class Outcome:
    """The result of one reconciliation; `up_to_date` if there was nothing to do.

    `postponed` if the operator put the read off (`errors.Postponed`).
    """

    part: Part
    up_to_date: bool = False
    postponed: bool = False


@dataclass(frozen=True)
class _Entry:
    desired: Any
    part: Part
    until: float


class ResyncCache:
    """Parts that were up to date, each for `seconds`; one cache for the whole process."""

    def __init__(self, seconds: float, clock: Callable[[], float] = time.monotonic) -> None:
        """Keep entries for `seconds`; 0 keeps none."""
        self._seconds = seconds
        self._clock = clock
        self._entries: dict[Key, _Entry] = {}
        self._warnings: dict[Key, str] = {}

    async def reconcile(
        self, key: Key, desired: Any, reconcile: Callable[[], Awaitable[Outcome]], *, use_cached: bool = True
    ) -> Outcome:
        """Return the cached part if it can be used; otherwise reconcile, and cache a part that is up to date.

        A stalled part comes with a Warning Event, once.
        """
        cached = self.get(key, desired) if use_cached else None
        if cached:
            return Outcome(cached, up_to_date=True)
        with resync_reads.marked(resync=self._last(key, desired) is not None):
            outcome = self.kept(key, desired, await reconcile())
        if outcome.up_to_date:
            self.put(key, desired, outcome.part)
        return replace(outcome, part=self.with_warning(key, outcome.part))

    def kept(self, key: Key, desired: Any, outcome: Outcome) -> Outcome:
        """Replace a postponed read by the last part that was up to date, if any: a late resync is no fault."""
        last = self._last(key, desired) if outcome.postponed else None
        return replace(outcome, part=replace(last, after=outcome.part.after)) if last else outcome

    def _last(self, key: Key, desired: Any) -> Part | None:
        """Return the part that was up to date at its last read, however long ago, if the desired state is the same."""
        entry = self._entries.get(key)
        return entry.part if entry and entry.desired == desired else None

    def get(self, key: Key, desired: Any) -> Part | None:
        """Return the cached part if the desired state is the same and the entry has not expired, otherwise `None`."""
        entry = self._entries.get(key)
        if entry is None or entry.desired != desired or entry.until <= self._clock():
            return None
        return entry.part

    def put(self, key: Key, desired: Any, part: Part) -> None:
        """Cache a part that is up to date, without the Events of this reconciliation."""
        self._entries[key] = _Entry(desired, replace(part, events=()), self._clock() + self._seconds)

    def with_warning(self, key: Key, part: Part) -> Part:
        """Return the part, with a Warning Event if it is stalled and its message is new."""
        if part.state is not State.STALLED:
            self._warnings.pop(key, None)
            return part
        if self._warnings.get(key) == part.message:
            return part
        self._warnings[key] = part.message
        return replace(part, events=(*part.events, Event("Warning", part.reason, part.message)))

    def invalidate(self, key: Key) -> None:
        """Forget one part, because it is being deleted; it is then read again."""
        self._entries.pop(key, None)

    def clear(self) -> None:
        """Forget all parts, because another process has led meanwhile; they are then read again."""
        self._entries.clear()

    def invalidate_owner(self, uid: str) -> None:
        """Forget the parts and warnings of one Microservice, because it no longer exists or a person requests a read.

        Its parts are then read again, and its warnings count as new.
        """
        for entries in (self._entries, self._warnings):
            for key in [key for key in entries if key[0] == uid]:
                del entries[key]
