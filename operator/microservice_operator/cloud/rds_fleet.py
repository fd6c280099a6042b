"""One look at all instances of a region for everybody who asks within a few seconds.

DescribeDBInstances answers a hundred at a time, and RDS throttles by call: a thousand Microservices that look at one
instance each would be throttled, ten pages are not.
"""

import asyncio
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from .. import calls
from ..errors import NotYet
from ..facts import Reason
from .pages import Read, pages

Described = Mapping[str, Any]
Region = tuple[str, ...]  # account, region, lane: looks of a deletion do not wait for others
_LONGEST_LOOK = 60.0
_PAGE = 100  # "DescribeDBInstances": MaxRecords, maximum 100


@dataclass
class _Looks:
    """What was seen last, when the look began, and a look that is under way."""

    seen: Mapping[str, Described] = field(default_factory=dict)
    began: float = float("-inf")
    looking: asyncio.Task[Mapping[str, Described]] | None = None
    looking_since: float = float("-inf")


class Fleet:
    """The instances of every account and region; one for the whole process. A look serves for `seconds`."""

    def __init__(self, seconds: float = 4.0, clock: Callable[[], float] = time.monotonic) -> None:
        """Nothing is asked yet."""
        self._seconds = seconds
        self._clock = clock
        self._regions: dict[Region, _Looks] = {}
        self._written: dict[Region, float] = {}
        self._upgraded: dict[Region, float] = {}

    async def find(self, read: Read, region: Region, name: str) -> Described | None:
        """The instance as it is now, or was a few seconds ago; never as it was before our own last write to it."""
        looks = self._regions.setdefault(region, _Looks())
        since = max(self._clock() - self._seconds, self._wrote_at(region, name))
        if looks.began <= since:
            await self._look(read, looks, since)
        return looks.seen.get(name)

    def last(self, region: Region, name: str) -> Described | None:
        """The instance as it was seen last, however long ago."""
        return self._regions.get(region, _Looks()).seen.get(name)

    def wrote(self, region: Region, name: str) -> None:
        """What was seen of it before is out of date."""
        self._written[*region[:2], name] = self._clock()

    def wrote_within(self, region: Region, name: str, seconds: float) -> bool:
        """Whether we have just changed it: RDS shows for a while what it will not do any more, or does not yet."""
        return self._clock() - self._wrote_at(region, name) < seconds

    def upgrades(self, region: Region, name: str, version: int) -> None:
        """RDS has been told to upgrade it."""
        self._upgraded[*region[:2], name, str(version)] = self._clock()

    def upgraded_within(self, region: Region, name: str, version: int, seconds: float) -> bool:
        """Whether that was so lately."""
        told = self._upgraded.get((*region[:2], name, str(version)), float("-inf"))
        return self._clock() - told < seconds

    def _wrote_at(self, region: Region, name: str) -> float:
        return self._written.get((*region[:2], name), float("-inf"))

    async def _look(self, read: Read, looks: _Looks, since: float) -> None:
        if looks.looking is None or looks.looking.done() or looks.looking_since <= since:
            looks.looking_since = self._clock()
            looks.looking = asyncio.create_task(_all(read))
        began, looking = looks.looking_since, looks.looking
        # who gives up takes nobody else's look along
        with calls.waiting_in("rds:DescribeDBInstances"):
            seen = await asyncio.shield(looking)
        if began >= looks.began:
            looks.seen, looks.began = seen, began


async def _all(read: Read) -> dict[str, Described]:
    found: dict[str, Described] = {}
    try:
        async with asyncio.timeout(_LONGEST_LOOK):  # it belongs to no pass whose deadline would end it
            async for page in pages(read, "DescribeDBInstances", "Marker", MaxRecords=_PAGE):
                found |= {instance["DBInstanceIdentifier"]: instance for instance in page.get("DBInstances", [])}
    except TimeoutError:
        message = f"the list of all RDS instances did not end within {_LONGEST_LOOK:.0f} seconds"
        raise NotYet(Reason.AWS_UNAVAILABLE, message, 10) from None
    return found
