"""Reads the Environment's API periodically and keeps the last route table that it could read.

A failed read keeps the previous table: the services still exist.
"""

import asyncio
from datetime import UTC, datetime
from typing import Any

import structlog

from gateway_service.aws import AWS, ERRORS, items
from gateway_service.route_table import RouteTable, build_route_table, select_api

log = structlog.get_logger(__name__)


class RouteRefresher:
    """The route table of one Environment."""

    def __init__(self, aws: AWS, environment: str, cluster: str = "") -> None:
        """`cluster`, the UID of `kube-system`, is needed only if clusters share an account."""
        self._aws = aws
        self._environment = environment
        self._cluster = cluster
        self.table: RouteTable | None = None
        self.read_at: datetime | None = None
        self.failing = False

    async def probe(self) -> None:
        """Raise until the routes are read for the first time."""
        if self.table is None:
            raise LookupError("the routes are not read yet")

    async def run(self, seconds: float) -> None:
        """Refresh the table every `seconds`. Never returns."""
        while True:
            await self.refresh()
            await asyncio.sleep(seconds)

    async def refresh(self) -> None:
        """Read the API once. The log shows only when failures begin and end."""
        try:
            table = await self._aws.call("apigatewayv2", self._read)
        except ERRORS as error:
            if not self.failing:
                log.warning("cannot read the routes; keeping the previous ones", exc_info=error)
            self.failing = True
            return
        if self.table != table:
            _log_change(table)
        elif self.failing:
            log.info("the routes can be read again")
        self.table, self.failing, self.read_at = table, False, datetime.now(UTC)

    def _read(self, client: Any) -> RouteTable:
        api = select_api(items(client, "get_apis"), self._environment, self._cluster)
        if api is None:
            return RouteTable()
        # Routes first: what a route refers to already existed when it was read.
        routes = items(client, "get_routes", ApiId=api["ApiId"])
        integrations = items(client, "get_integrations", ApiId=api["ApiId"])
        return build_route_table(api, routes, integrations, items(client, "get_authorizers", ApiId=api["ApiId"]))


def _log_change(table: RouteTable) -> None:
    log.info("routes read", apiId=table.api_id or None, routes=len(table.routes))
    for route in table.routes:
        if not route.service:
            log.warning("the integration of a route names no service", routeKey=route.key)
        if route.requires_token and not route.authorizer:
            log.warning("the authorizer of a route is unknown; its requests get 403", routeKey=route.key)
