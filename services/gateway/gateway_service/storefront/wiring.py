"""Puts the storefront together: pages of customers, the page on machinery, files beside them."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import FileResponse, Response

from gateway_service.apis import APIs
from gateway_service.aws import AWS
from gateway_service.entry import Entry
from gateway_service.local_issuer import LocalIssuer
from gateway_service.storefront import doorway, pages
from gateway_service.storefront.machinery import Machinery, Unseen
from gateway_service.storefront.rendering import HERE, page
from gateway_service.storefront.session import Sessions

FILES = {"style.css": "text/css", "live.js": "text/javascript", "mark.svg": "image/svg+xml"}


@dataclass(frozen=True)
class Storefront:
    """Its routes, and what to call at the end."""

    routes: APIRouter
    close: Callable[[], Awaitable[None]]


def storefront(entry: Entry, apis: APIs, issuer: LocalIssuer, aws: AWS, order_url: str) -> Storefront:
    """The storefront of one gateway."""
    sessions = Sessions(issuer, apis)
    machinery = Machinery(aws, order_url)
    routes = APIRouter(include_in_schema=False)
    routes.include_router(pages.router(entry, sessions))
    routes.include_router(doorway.router(entry, sessions))

    @routes.get("/shop/status")
    async def status(request: Request) -> Response:
        breakers, queues = await asyncio.gather(_seen(machinery.breakers()), _seen(machinery.queues()))
        return page("status.html", sessions.visitor(request), refresh=3, breakers=breakers, queues=queues, routes=apis)

    @routes.get("/shop/static/{name}")
    async def file(name: str) -> Response:
        if name not in FILES:
            return Response(status_code=404)
        headers = {"Cache-Control": "max-age=300", "X-Content-Type-Options": "nosniff"}
        return FileResponse(HERE / "static" / name, media_type=FILES[name], headers=headers)

    return Storefront(routes, machinery.close)


async def _seen(looking: Awaitable[object]) -> object:
    """What is seen, or the reason why not, for the page to say."""
    try:
        return await looking
    except Unseen as reason:
        return str(reason)
