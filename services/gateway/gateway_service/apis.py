"""Reads the Environment's API, again and again, and keeps the last table that could be read.

What cannot be read now is no reason to forget what was read before: services are still there.
"""

import asyncio
from datetime import UTC, datetime
from typing import Any

import structlog

from gateway_service.aws import AWS, FAILURES, items
from gateway_service.table import Table, chosen, table

log = structlog.get_logger(__name__)


class APIs:
    """The table of one Environment."""

    def __init__(self, aws: AWS, environment: str, cluster: str = "") -> None:
        """Read nothing yet; `cluster`, the UID of `kube-system`, is needed only where clusters share an account."""
        self._aws = aws
        self._environment = environment
        self._cluster = cluster
        self.table: Table | None = None
        self.read_at: datetime | None = None
        self.failing = False

    async def probe(self) -> None:
        """Ready once the routes have been read; raises before."""
        if self.table is None:
            raise LookupError("the routes have not been read yet")

    async def keep_reading(self, seconds: float) -> None:
        """Never returns."""
        while True:
            await self.read()
            await asyncio.sleep(seconds)

    async def read(self) -> None:
        """Read once; a failure is logged when it begins and when it ends."""
        try:
            found = await self._aws.ask("apigatewayv2", self._table)
        except FAILURES as error:
            if not self.failing:
                log.warning("the routes cannot be read; those known are kept", exc_info=error)
            self.failing = True
            return
        if self.table != found:
            log.info("routes read", apiId=found.api_id or None, routes=len(found.routes))
            for route in found.routes:
                if not route.service:
                    log.warning("a route leads to no service: its integration names none", routeKey=route.key)
                if route.guarded and not route.authorizer:
                    log.warning("nobody passes a route: its authorizer is none that is known here", routeKey=route.key)
        elif self.failing:
            log.info("the routes can be read again")
        self.table, self.failing, self.read_at = found, False, datetime.now(UTC)

    def _table(self, client: Any) -> Table:
        api = chosen(items(client, "get_apis"), self._environment, self._cluster)
        if api is None:
            return Table()
        # Routes first: whatever they name was there before them.
        routes = items(client, "get_routes", ApiId=api["ApiId"])
        integrations = items(client, "get_integrations", ApiId=api["ApiId"])
        return table(api, routes, integrations, items(client, "get_authorizers", ApiId=api["ApiId"]))
