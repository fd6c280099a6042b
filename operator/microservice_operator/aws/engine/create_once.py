"""Things of AWS whose ids AWS chooses, made once: who looks for one and makes it takes turns and remembers trying.

A list of AWS may not show yet what was made a moment ago, and an answer that is lost may stand for a thing that was
made. Until it is certain, nobody makes a second one.
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
    """What this process tried to make within the last `seconds`; one for the whole process."""

    def __init__(self, seconds: float = 60, clock: Callable[[], float] = time.monotonic) -> None:
        """Take a list that does not show a thing for certain after `seconds`."""
        self._seconds = seconds
        self._clock = clock
        self._tried: dict[Key, float] = {}
        self._turns: defaultdict[Key, asyncio.Lock] = defaultdict(asyncio.Lock)

    def turn(self, key: Key) -> asyncio.Lock:
        """Held from the look to the end of the making, where several may want the same thing."""
        return self._turns[key]

    @asynccontextmanager
    async def once(self, key: Key) -> AsyncIterator[None]:
        """Around the call that makes it; only a clear refusal lets it be tried again at once."""
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
        """Whether a thing that is not seen may have been made nevertheless."""
        tried = self._tried.get(key)
        if tried is not None and self._clock() - tried >= self._seconds:
            del self._tried[key]
            return False
        return tried is not None

    def seen(self, key: Key) -> None:
        """It is there: if it is missing later, it is gone."""
        self._tried.pop(key, None)
