"""What the kubelet asks: does the process live, and may it get requests.

``/health`` touches nothing: a process that cannot reach its database must not be killed for it. ``/ready`` asks the
database, for two seconds at most. Overlapping questions share one probe, so a database that hangs is asked once at a
time.
"""

import asyncio
from collections.abc import Awaitable, Callable

import structlog
from fastapi import APIRouter

from shop_shared import problems

log = structlog.get_logger(__name__)

BOUND_SECONDS = 2.0

Probe = Callable[[], Awaitable[None]]
"""Returns when the database has answered, raises when it has not."""


class Readiness:
    def __init__(self, probe: Probe) -> None:
        self._probe = probe
        self._asking: asyncio.Task[None] | None = None

    async def is_ready(self) -> bool:
        asking = self._asking
        if asking is None or asking.done():
            asking = self._asking = asyncio.create_task(self._ask())
        done, _ = await asyncio.wait({asking}, timeout=BOUND_SECONDS)
        if not done:
            # Not awaited: a driver may need seconds to give up a connection that hangs.
            asking.cancel()
            log.warning("not ready: the database does not answer", boundSeconds=BOUND_SECONDS)
            return False
        if asking.cancelled():
            return False
        if error := asking.exception():
            log.warning("not ready: the database refuses", exc_info=error)
            return False
        return True

    async def _ask(self) -> None:
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
