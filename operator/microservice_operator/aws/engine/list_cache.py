"""One list of all resources of a region serves everybody who asks for one of them within a few seconds.

DescribeDBInstances answers a hundred at a time, and RDS throttles by call: a thousand Microservices that each look for
one instance would be throttled, ten pages are not.
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
Region = tuple[str, ...]  # service, account, region, lane: a list for a deletion does not wait for others
ListAll = Callable[[], Awaitable[Mapping[str, Described]]]  # all resources by name
_SCOPE = 3  # a write is one of its service, account and region, whichever lane asks
_TIMEOUT = 60.0


@dataclass
class _Listed:
    """The last complete list, when it was begun, and a list that is under way."""

    items: Mapping[str, Described] = field(default_factory=dict)
    began: float = float("-inf")
    task: asyncio.Task[Mapping[str, Described]] | None = None
    task_began: float = float("-inf")


class ListCache:
    """The lists of every region; one for the whole process. A list serves for `seconds`."""

    def __init__(self, seconds: float = 4.0, clock: Callable[[], float] = time.monotonic) -> None:
        """Start without any list."""
        self._seconds = seconds
        self._clock = clock
        self._regions: dict[Region, _Listed] = {}
        self._written: dict[Region, float] = {}

    async def find(self, region: Region, name: str, list_all: ListAll, call: str) -> Described | None:
        """The resource as it is now or was a few seconds ago, never as it was before our own last write to it.

        `call` names what `list_all` calls. Raises what `list_all` raises, and NotYet when it takes a minute.
        """
        listed = self._regions.setdefault(region, _Listed())
        since = max(self._clock() - self._seconds, self._wrote_at(region, name))
        if listed.began <= since:
            await self._list(listed, since, list_all, call)
        return listed.items.get(name)

    def last(self, region: Region, name: str) -> Described | None:
        """The resource as the last list showed it, however long ago."""
        return self._regions.get(region, _Listed()).items.get(name)

    def wrote(self, region: Region, name: str) -> None:
        """Note a write to a resource: an earlier list of it is out of date."""
        self._written[*region[:_SCOPE], name] = self._clock()

    def wrote_within(self, region: Region, name: str, seconds: float) -> bool:
        """Whether a write was noted within the last `seconds`: AWS may still show the state before it."""
        return self._clock() - self._wrote_at(region, name) < seconds

    def _wrote_at(self, region: Region, name: str) -> float:
        return self._written.get((*region[:_SCOPE], name), float("-inf"))

    async def _list(self, listed: _Listed, since: float, list_all: ListAll, call: str) -> None:
        if listed.task is None or listed.task.done() or listed.task_began <= since:
            listed.task_began = self._clock()
            listed.task = asyncio.create_task(_bounded(list_all, call))
        began, task = listed.task_began, listed.task
        # a caller that is cancelled does not cancel the list of the others
        with pending_calls.waiting_in(call):
            items = await asyncio.shield(task)
        if began >= listed.began:
            listed.items, listed.began = items, began


async def _bounded(list_all: ListAll, call: str) -> Mapping[str, Described]:
    try:
        async with asyncio.timeout(_TIMEOUT):  # no reconciliation owns it, so no deadline ends it
            return await list_all()
    except TimeoutError:
        message = f"the list of {call} did not end within {_TIMEOUT:.0f} seconds; the operator asks again"
        raise NotYet(Reason.AWS_UNAVAILABLE, message, 10) from None
