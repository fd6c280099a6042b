"""Background tasks of a service: they continue after a failure and end with the process.

A task that raises is logged and restarted, with an exponential delay of up to one minute. Without a restart, a task
that failed unnoticed would leave its work undone for as long as the pod runs.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from typing import NoReturn

import structlog

log = structlog.get_logger(__name__)

MAX_DELAY_SECONDS = 60.0
# After a run of this length, the delay starts from the beginning.
RESET_AFTER_SECONDS = 60.0

Work = Callable[[], Awaitable[None]]


@asynccontextmanager
async def running(works: Sequence[Work]) -> AsyncIterator[None]:
    tasks = [asyncio.create_task(_run_forever(work)) for work in works]
    try:
        yield
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def _run_forever(work: Work) -> NoReturn:
    delay = 1.0
    clock = asyncio.get_running_loop().time
    while True:
        started = clock()
        try:
            await work()
            log.error("background task ended; restarting", work=_name(work))
        except Exception:
            log.exception("background task failed; restarting", work=_name(work), delaySeconds=delay)
        if clock() - started > RESET_AFTER_SECONDS:
            delay = 1.0
        await asyncio.sleep(delay)
        delay = min(2 * delay, MAX_DELAY_SECONDS)


def _name(work: Work) -> str:
    return getattr(work, "__qualname__", repr(work))
