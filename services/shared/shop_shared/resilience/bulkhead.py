"""A bounded number of calls to one service at once, so that a slow one does not take every request with it."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from prometheus_client import Gauge

_busy = Gauge("bulkhead_calls", "Calls to another service that are under way", ["upstream"])


class BulkheadFull(Exception):
    """No place became free in time; the call was not made."""


class Bulkhead:
    def __init__(self, upstream: str, places: int) -> None:
        self._places = asyncio.Semaphore(places)
        self._busy = _busy.labels(upstream)

    @asynccontextmanager
    async def place(self, wait_seconds: float | None) -> AsyncIterator[None]:
        try:
            async with asyncio.timeout(wait_seconds):
                await self._places.acquire()
        except TimeoutError:
            raise BulkheadFull from None
        try:
            with self._busy.track_inprogress():
                yield
        finally:
            self._places.release()
