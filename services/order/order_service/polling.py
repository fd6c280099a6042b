"""A polling loop: it repeats a step at once while there is work, pauses without work, and backs off on failure."""

import asyncio
import random
from collections.abc import Awaitable, Callable
from typing import NoReturn

import structlog

log = structlog.get_logger(__name__)

INITIAL_DELAY_SECONDS = 0.5
MAX_DELAY_SECONDS = 30.0

Step = Callable[[], Awaitable[bool]]
"""Returns True if there may be more work."""


class PollingLoop:
    def __init__(self, step: Step, idle_seconds: float) -> None:
        self._step = step
        self._idle_seconds = idle_seconds
        self._woken = asyncio.Event()

    def wake(self) -> None:
        """Run the next step now, because there is work."""
        self._woken.set()

    async def run(self) -> NoReturn:
        failures = 0
        while True:
            self._woken.clear()
            try:
                more = await self._step()
            except Exception as error:
                max_delay = min(INITIAL_DELAY_SECONDS * 2**failures, MAX_DELAY_SECONDS)
                delay = max_delay * random.uniform(0.5, 1)  # noqa: S311  (jitter, not a secret)
                failures = min(failures + 1, 10)
                name = getattr(self._step, "__qualname__", "step")
                log.warning("step failed", step=name, retryInSeconds=round(delay, 1), exc_info=error)
                await asyncio.sleep(delay)
                continue
            failures = 0
            if not more:
                await self._pause()

    async def _pause(self) -> None:
        try:
            await asyncio.wait_for(self._woken.wait(), self._idle_seconds)
        except TimeoutError:
            return
