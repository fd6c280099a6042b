"""FastAPI dependencies of the pages."""

from typing import TYPE_CHECKING, Annotated
from uuid import uuid4

from fastapi import Depends
from starlette.requests import Request

from gateway_service.storefront.basket import Basket, read_basket
from gateway_service.storefront.session import Sessions, Visitor
from gateway_service.storefront.shop_client import ShopClient
from shop_shared.callers import ADMIN, CATALOGUE

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


async def _admin_shop(request: Request) -> ShopClient:
    front = storefront(request)
    return ShopClient(front.pipeline, front.sessions.own_token(ADMIN), front.currency)


async def _new_customers_shop(request: Request) -> ShopClient:
    """A new subject, as an identity provider assigns it to a new account."""
    front = storefront(request)
    return ShopClient(front.pipeline, front.sessions.customer_token(str(uuid4())), front.currency)


async def _catalogue_shop(request: Request) -> ShopClient:
    front = storefront(request)
    return ShopClient(front.pipeline, front.sessions.own_token(CATALOGUE), front.currency)


async def _basket(request: Request) -> Basket:
    return read_basket(request)


CurrentBasket = Annotated[Basket, Depends(_basket)]
CurrentSessions = Annotated[Sessions, Depends(_sessions)]
CurrentVisitor = Annotated[Visitor, Depends(_visitor)]
VisitorsShop = Annotated[ShopClient, Depends(_shop)]
"""The shop with the visitor's token."""
AdminShop = Annotated[ShopClient, Depends(_admin_shop)]
"""The shop with a token of the storefront that may read all users: its sign-in page lists them."""
NewCustomersShop = Annotated[ShopClient, Depends(_new_customers_shop)]
"""The shop with the token of a customer who has no user yet."""
CatalogueShop = Annotated[ShopClient, Depends(_catalogue_shop)]
"""The shop with a token of the storefront that may create products: it fills an empty shop with samples."""
