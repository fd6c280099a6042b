"""Work that a service does beside its requests: it goes on after a failure, and ends with the process.

A task that raises is logged and started again, later each time up to a minute; one that dies unseen would leave work
undone for as long as the pod lives.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from typing import NoReturn

import structlog

log = structlog.get_logger(__name__)

MAX_PAUSE_SECONDS = 60.0
# A task that has run for so long was well: its next failure is a first one again.
WELL_AFTER_SECONDS = 60.0

Work = Callable[[], Awaitable[None]]


@asynccontextmanager
async def running(works: Sequence[Work]) -> AsyncIterator[None]:
    tasks = [asyncio.create_task(_forever(work)) for work in works]
    try:
        yield
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def _forever(work: Work) -> NoReturn:
    pause = 1.0
    clock = asyncio.get_running_loop().time
    while True:
        started = clock()
        try:
            await work()
            log.error("background work has ended; it is started again", work=_name(work))
        except Exception:
            log.exception("background work failed; it is started again", work=_name(work), pauseSeconds=pause)
        if clock() - started > WELL_AFTER_SECONDS:
            pause = 1.0
        await asyncio.sleep(pause)
        pause = min(2 * pause, MAX_PAUSE_SECONDS)


def _name(work: Work) -> str:
    return getattr(work, "__qualname__", repr(work))
