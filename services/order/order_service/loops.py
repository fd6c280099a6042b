"""Work that comes in steps: again at once while there is some, later when there is none, later and later on failure."""

import asyncio
import random
from collections.abc import Awaitable, Callable
from typing import NoReturn

import structlog

log = structlog.get_logger(__name__)

FIRST_DELAY_SECONDS = 0.5
LONGEST_DELAY_SECONDS = 30.0

Step = Callable[[], Awaitable[bool]]
"""True: there may be more to do right away."""


class Loop:
    def __init__(self, step: Step, idle_seconds: float) -> None:
        self._step = step
        self._idle_seconds = idle_seconds
        self._woken = asyncio.Event()

    def wake(self) -> None:
        """There is something to do: do not wait any longer for it."""
        self._woken.set()

    async def run(self) -> NoReturn:
        failures = 0
        while True:
            self._woken.clear()
            try:
                more = await self._step()
            except Exception as error:
                longest = min(FIRST_DELAY_SECONDS * 2**failures, LONGEST_DELAY_SECONDS)
                delay = longest * random.uniform(0.5, 1)  # noqa: S311  (spreads the load, hides nothing)
                failures = min(failures + 1, 10)
                name = getattr(self._step, "__qualname__", "step")
                log.warning("a step failed", step=name, againInSeconds=round(delay, 1), exc_info=error)
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
