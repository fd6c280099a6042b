"""Creates AWS resources whose ids AWS chooses only once: callers look and create in turn, and attempts are remembered.

A list from AWS may not show a new resource yet, and a lost answer may hide a successful creation. Until that is
certain, no second one is created.
"""

import asyncio
import time
from collections import defaultdict
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

from ...errors import NeedsPerson, NotYet
from ...facts import Reason

Key = tuple[str, ...]


class CreateOnce:
    """What this process tried to create within the last `seconds`; one object for the whole process."""

    def __init__(self, seconds: float = 60, clock: Callable[[], float] = time.monotonic) -> None:
        """Trust a list that does not show a resource after `seconds`."""
        self._seconds = seconds
        self._clock = clock
        self._tried: dict[Key, float] = {}
        self._turns: defaultdict[Key, asyncio.Lock] = defaultdict(asyncio.Lock)

    def turn(self, key: Key) -> asyncio.Lock:
        """Lock to hold from the read to the end of the creation, where several callers may want the same resource."""
        return self._turns[key]

    @asynccontextmanager
    async def once(self, key: Key) -> AsyncIterator[None]:
        """Wrap the call that creates it; only a clear refusal allows a new attempt at once."""
        self._tried[key] = self._clock()
        try:
            yield
        except NeedsPerson:
            del self._tried[key]
            raise
        except NotYet as error:
            if error.reason != Reason.AWS_UNAVAILABLE:
                del self._tried[key]
            raise

    def may_exist(self, key: Key) -> bool:
        """Return whether a resource may exist although AWS does not show it."""
        tried = self._tried.get(key)
        if tried is not None and self._clock() - tried >= self._seconds:
            del self._tried[key]
            return False
        return tried is not None

    def seen(self, key: Key) -> None:
        """Record that AWS shows the resource: if a later list does not contain it, it was deleted."""
        self._tried.pop(key, None)
