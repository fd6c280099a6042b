"""Shares one list of all resources of a region between all callers within a few seconds.

DescribeDBInstances returns a hundred instances at a time, and RDS throttles by call. RDS would throttle a thousand
Microservices that each read one instance, but not ten pages.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from ... import pending_calls
from ...errors import NotYet
from ...facts import Reason

Described = Mapping[str, Any]
Region = tuple[str, ...]  # service, account, region, lane: a list for a deletion does not wait for other lists
ListAll = Callable[[], Awaitable[Mapping[str, Described]]]  # all resources by name
_SCOPE = 3  # a write counts for its service, account and region, in every lane
_TIMEOUT = 60.0


@dataclass
class _Listed:
    """The last complete list, its start time, and the list that is running."""

    items: Mapping[str, Described] = field(default_factory=dict)
    began: float = float("-inf")
    task: asyncio.Task[Mapping[str, Described]] | None = None
    task_began: float = float("-inf")


class ListCache:
    """The lists of every region; one object for the whole process. A list is valid for `seconds`."""

    def __init__(self, seconds: float = 4.0, clock: Callable[[], float] = time.monotonic) -> None:
        """Start empty."""
        self._seconds = seconds
        self._clock = clock
        self._regions: dict[Region, _Listed] = {}
        self._written: dict[Region, float] = {}

    async def find(self, region: Region, name: str, list_all: ListAll, call: str) -> Described | None:
        """Return the resource as it is now or was a few seconds ago, never as it was before our own last write to it.

        `call` names the call that `list_all` makes. Raises what `list_all` raises, and NotYet after a minute.
        """
        listed = self._regions.setdefault(region, _Listed())
        since = max(self._clock() - self._seconds, self._wrote_at(region, name))
        if listed.began <= since:
            await self._list(listed, since, list_all, call)
        return listed.items.get(name)

    def last(self, region: Region, name: str) -> Described | None:
        """Return the resource from the last list, however old."""
        return self._regions.get(region, _Listed()).items.get(name)

    def wrote(self, region: Region, name: str) -> None:
        """Record a write to a resource: earlier lists of it are stale."""
        self._written[*region[:_SCOPE], name] = self._clock()

    def wrote_within(self, region: Region, name: str, seconds: float) -> bool:
        """Whether a write was recorded within the last `seconds`: AWS may still show the state before it."""
        return self._clock() - self._wrote_at(region, name) < seconds

    def _wrote_at(self, region: Region, name: str) -> float:
        return self._written.get((*region[:_SCOPE], name), float("-inf"))

    async def _list(self, listed: _Listed, since: float, list_all: ListAll, call: str) -> None:
        if listed.task is None or listed.task.done() or listed.task_began <= since:
            listed.task_began = self._clock()
            listed.task = asyncio.create_task(_bounded(list_all, call))
        began, task = listed.task_began, listed.task
        # a cancelled caller does not cancel the list for the others
        with pending_calls.waiting_in(call):
            items = await asyncio.shield(task)
        if began >= listed.began:
            listed.items, listed.began = items, began


async def _bounded(list_all: ListAll, call: str) -> Mapping[str, Described]:
    try:
        async with asyncio.timeout(_TIMEOUT):  # no reconciliation owns this task, so no deadline ends it
            return await list_all()
    except TimeoutError:
        message = f"the list of {call} did not end within {_TIMEOUT:.0f} seconds; retried automatically"
        raise NotYet(Reason.AWS_UNAVAILABLE, message, 10) from None
