"""Liveness and readiness probes for the kubelet.

``/health`` checks nothing else: the kubelet must not kill a process that cannot reach its database. ``/ready`` checks
the database, for two seconds at most. Concurrent requests share one probe, so a database that hangs gets one query at
a time.
"""

import asyncio
from collections.abc import Awaitable, Callable

import structlog
from fastapi import APIRouter

from shop_shared import problems

log = structlog.get_logger(__name__)

TIMEOUT_SECONDS = 2.0

Probe = Callable[[], Awaitable[None]]
"""Returns when the database has answered. Raises when it is unavailable."""


class Readiness:
    def __init__(self, probe: Probe) -> None:
        self._probe = probe
        self._task: asyncio.Task[None] | None = None

    async def is_ready(self) -> bool:
        task = self._task
        if task is None or task.done():
            task = self._task = asyncio.create_task(self._run_probe())
        done, _ = await asyncio.wait({task}, timeout=TIMEOUT_SECONDS)
        if not done:
            # Not awaited: a driver may need seconds to give up a connection that hangs.
            task.cancel()
            log.warning("not ready: the database does not answer", timeoutSeconds=TIMEOUT_SECONDS)
            return False
        if task.cancelled():
            return False
        if error := task.exception():
            log.warning("not ready: the database probe failed", exc_info=error)
            return False
        return True

    async def _run_probe(self) -> None:
        await self._probe()


def router(readiness: Readiness) -> APIRouter:
    routes = APIRouter(include_in_schema=False)

    @routes.get("/health")
    async def health() -> dict[str, str]:
        return {"status": "alive"}

    @routes.get("/ready")
    async def ready() -> dict[str, str]:
        if not await readiness.is_ready():
            raise problems.unavailable("the database of this service")
        return {"status": "ready"}

    return routes
