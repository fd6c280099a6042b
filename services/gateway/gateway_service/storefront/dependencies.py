"""FastAPI dependencies of the pages."""

from typing import TYPE_CHECKING, Annotated

from fastapi import Depends
from starlette.requests import Request

from gateway_service.storefront.basket import Basket, read_basket
from gateway_service.storefront.session import Sessions, Visitor
from gateway_service.storefront.shop_client import ShopClient

if TYPE_CHECKING:
    from gateway_service.storefront.app import Storefront


def storefront(request: Request) -> "Storefront":
    found: Storefront = request.app.state.storefront
    return found


async def _sessions(request: Request) -> Sessions:
    return storefront(request).sessions


async def _visitor(request: Request) -> Visitor:
    return storefront(request).sessions.visitor(request)


async def _shop(request: Request) -> ShopClient:
    """The visitor's token, or the storefront's own token for a visitor who is not signed in."""
    front = storefront(request)
    token = front.sessions.visitor(request).token or front.sessions.own_token()
    return ShopClient(front.pipeline, token, front.currency)


async def _anonymous_shop(request: Request) -> ShopClient:
    front = storefront(request)
    return ShopClient(front.pipeline, front.sessions.own_token(), front.currency)


async def _basket(request: Request) -> Basket:
    return read_basket(request)


CurrentBasket = Annotated[Basket, Depends(_basket)]
CurrentSessions = Annotated[Sessions, Depends(_sessions)]
CurrentVisitor = Annotated[Visitor, Depends(_visitor)]
VisitorsShop = Annotated[ShopClient, Depends(_shop)]
"""The shop with the visitor's token."""
AnonymousShop = Annotated[ShopClient, Depends(_anonymous_shop)]
"""The shop with the storefront's own token."""
