"""Shares one list of a region, or of one API, between all callers for some seconds.

DescribeDBInstances returns a hundred instances at a time, and RDS throttles by call. RDS would throttle a thousand
Microservices that each read one instance, but not ten pages. API Gateway allows ten calls per second for an account,
and the routes of one API answer for all Microservices on it.
"""

import asyncio
import itertools
import time
from collections.abc import Awaitable, Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from typing import Any

from ... import pending_calls, resync_reads
from ...errors import NotYet, Postponed
from ...facts import Reason

Described = Mapping[str, Any]
Region = tuple[str, ...]  # `AwsScope.list_key`: service, account, region, lane, what distinguishes lists, and the role
ListAll = Callable[[], Awaitable[Mapping[str, Described]]]  # all resources by name
_SCOPE = 3  # a write counts for its service, account and region, in every lane
_TIMEOUT = 60.0
_WRITES_END = 15.0  # seconds for which a list waits for the writes that would make it stale
_SETTLED = 60.0  # seconds after a write in which AWS may not show it; then a list may be as old
_FORGOTTEN = 24 * 3600.0  # longer than any caller asks about, and than any list is valid


@dataclass
class _Listed:
    """The last complete list and the list that is running; each with its start time and its place in the order."""

    items: Mapping[str, Described] = field(default_factory=dict)
    began: float = float("-inf")
    order: int = -1
    task: asyncio.Task[Mapping[str, Described]] | None = None
    task_began: float = float("-inf")
    task_order: int = -1


class ListCache:
    """The lists of every region; one object for the whole process.

    A list is valid for `seconds`, until a write to the resource, and until `expire`. Lists and writes are numbered in
    their order, because a clock may give both the same time.
    """

    def __init__(self, seconds: float = 4.0, clock: Callable[[], float] = time.monotonic) -> None:
        """Start empty."""
        self._seconds = seconds
        self._clock = clock
        self._order = itertools.count()
        self._regions: dict[Region, _Listed] = {}
        self._written: dict[Region, tuple[int, float]] = {}
        self._under_way: dict[Region, int] = {}  # writes
        self._ends: dict[Region, asyncio.Event] = {}
        self._expired = -1
        self._refreshed: dict[str, int] = {}  # by owner

    async def find(
        self,
        region: Region,
        name: str,
        list_all: ListAll,
        call: str,
        *,
        owner: str = "",
        valid: float | None = None,
    ) -> Described | None:
        """Return the resource from a list that began after every write of this process to it.

        `call` names the call that `list_all` makes, `owner` is the UID of who asks. `valid` is how old the list may be
        in seconds, if not as old as usual; a cache that keeps nothing ignores it. Raises what `list_all` raises, NotYet
        if a list does not end within a minute, and Postponed if writes make all lists of a minute stale.
        """
        listed = self._regions.setdefault(region, _Listed())
        age = self._seconds if valid is None or not self._seconds else valid
        began, deadline = self._clock() - age, self._clock() + _TIMEOUT
        # Only what was requested before: later requests of others would otherwise keep this one from its end.
        expired = max(self._expired, self._refreshed.get(owner, -1))
        while listed.began <= began or listed.order < max(expired, self._written_at(region, name)):
            if self._clock() > deadline:
                message = f"other writes change what {call} lists; retried automatically"
                raise Postponed(Reason.PROGRESSING, message, 10)
            await self._writes_ended(region, name)
            await self._list(listed, (began, max(expired, self._written_at(region, name))), list_all, call)
            began = float("-inf")  # its age was right when the caller asked
        return listed.items.get(name)

    def last(self, region: Region, name: str) -> Described | None:
        """Return the resource from the last list, however old."""
        return self._regions.get(region, _Listed()).items.get(name)

    def wrote(self, region: Region, name: str) -> None:
        """Record a write to a resource: earlier lists of it are stale."""
        now = self._clock()
        for key in [key for key, (_, at) in self._written.items() if now - at > _FORGOTTEN]:
            del self._written[key]
        self._written[*region[:_SCOPE], name] = next(self._order), now

    @contextmanager
    def writing(self, region: Region, *written: str) -> Iterator[None]:
        """Wrap writes: lists that began before their end are stale, because AWS may have answered them before."""
        keys = [(*region[:_SCOPE], name) for name in written]
        for key in keys:
            self._under_way[key] = self._under_way.get(key, 0) + 1
        try:
            yield
        finally:
            for name, key in zip(written, keys, strict=True):
                self.wrote(region, name)
                self._under_way[key] -= 1
                if not self._under_way[key]:
                    del self._under_way[key]
                    self._ends.pop(key, asyncio.Event()).set()

    def expire(self) -> None:
        """Make every list stale: another process has written meanwhile."""
        self._expired = next(self._order)

    def refresh(self, owner: str) -> None:
        """Make every list stale for one owner: a person requests a read of its resources."""
        self._refreshed[owner] = next(self._order)

    def forget(self, owner: str) -> None:
        """Forget an owner that is gone."""
        self._refreshed.pop(owner, None)

    def wrote_within(self, region: Region, name: str, seconds: float) -> bool:
        """Whether a write was recorded within the last `seconds`: AWS may still show the state before it."""
        _, at = self._written.get((*region[:_SCOPE], name), (-1, float("-inf")))
        return self._clock() - at < seconds

    def age_after_writes(self, region: Region, name: str) -> float | None:
        """Return how old a list may be: a minute, if it began a minute after the last write; None: as old as usual."""
        _, at = self._written.get((*region[:_SCOPE], name), (-1, float("-inf")))
        old = self._clock() - at - _SETTLED  # seconds since AWS surely shows the write
        return min(old, _SETTLED) if old > self._seconds else None

    def _written_at(self, region: Region, name: str) -> int:
        """Return the place of the last write to a resource in the order of lists and writes."""
        return self._written.get((*region[:_SCOPE], name), (-1, 0.0))[0]

    async def _writes_ended(self, region: Region, name: str) -> None:
        """Wait until no write to a resource is under way, because it would make the list stale; not for long."""
        key = (*region[:_SCOPE], name)
        with suppress(TimeoutError):
            async with asyncio.timeout(_WRITES_END):
                while key in self._under_way:
                    await self._ends.setdefault(key, asyncio.Event()).wait()

    async def _list(self, listed: _Listed, since: tuple[float, int], list_all: ListAll, call: str) -> None:
        began, stale = since
        if listed.task is None or listed.task.done() or listed.task_began <= began or listed.task_order < stale:
            listed.task_began, listed.task_order = self._clock(), next(self._order)
            listed.task = asyncio.create_task(_bounded(list_all, call))
        began, order, task = listed.task_began, listed.task_order, listed.task
        # a cancelled caller does not cancel the list for the others
        with pending_calls.waiting_in(call):
            items = await asyncio.shield(task)
        if order >= listed.order:
            listed.items, listed.began, listed.order = items, began, order


async def _bounded(list_all: ListAll, call: str) -> Mapping[str, Described]:
    try:
        async with asyncio.timeout(_TIMEOUT):  # no reconciliation owns this task, so no deadline ends it
            with resync_reads.marked(resync=False):  # others than the caller who started it may wait for it
                return await list_all()
    except TimeoutError:
        message = f"the list of {call} did not end within {_TIMEOUT:.0f} seconds; retried automatically"
        raise NotYet(Reason.AWS_UNAVAILABLE, message, 10) from None
