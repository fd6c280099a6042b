"""Assembles the storefront."""

import asyncio

from fastapi import APIRouter

from gateway_service.local_issuer import LocalIssuer
from gateway_service.pipeline import Pipeline
from gateway_service.route_refresh import RouteRefresher
from gateway_service.storefront import routes, sign_in
from gateway_service.storefront.session import Sessions
from gateway_service.storefront.system_status import SystemStatus


class Storefront:
    """What the pages' dependencies take from `app.state.storefront`."""

    def __init__(
        self,
        pipeline: Pipeline,
        refresher: RouteRefresher,
        issuer: LocalIssuer,
        system_status: SystemStatus,
        currency: str,
    ) -> None:
        """Every request to a service goes through `pipeline`. Amounts without a currency are in `currency`."""
        self.pipeline = pipeline
        self.refresher = refresher
        self.sessions = Sessions(issuer, refresher)
        self.system_status = system_status
        self.currency = currency
        self.filling = asyncio.Lock()
        """held while sample products are added"""

    def routes(self) -> APIRouter:
        """Return the pages."""
        pages = APIRouter(include_in_schema=False)
        pages.include_router(routes.routes)
        pages.include_router(sign_in.routes)
        return pages

    async def close(self) -> None:
        """Close the connections."""
        await self.system_status.close()
