"""Limits concurrent calls to one service, so that a slow service does not block every request."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from prometheus_client import Gauge

_active_calls = Gauge("bulkhead_calls", "Active calls to another service", ["upstream"])


class BulkheadFull(Exception):
    """No slot became free in time. The call was not made."""


class Bulkhead:
    def __init__(self, upstream: str, max_concurrent: int) -> None:
        self._slots = asyncio.Semaphore(max_concurrent)
        self._active_calls = _active_calls.labels(upstream)

    @asynccontextmanager
    async def slot(self, wait_seconds: float | None) -> AsyncIterator[None]:
        try:
            async with asyncio.timeout(wait_seconds):
                await self._slots.acquire()
        except TimeoutError:
            raise BulkheadFull from None
        try:
            with self._active_calls.track_inprogress():
                yield
        finally:
            self._slots.release()
