"""What is under /shop: each page asks the services, and says so when one of them does not answer."""

import asyncio
from http import HTTPStatus
from typing import Any
from uuid import UUID, uuid4

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from gateway_service.entry import Entry
from gateway_service.storefront.forms import WrongQuantity, quantities
from gateway_service.storefront.model import Order, Page, Product
from gateway_service.storefront.rendering import page, to
from gateway_service.storefront.samples import SAMPLES
from gateway_service.storefront.session import Sessions, Visitor
from gateway_service.storefront.shop import Refusal, Shop

NO_PRODUCTS: Page[Product] = Page(items=())


def router(entry: Entry, sessions: Sessions) -> APIRouter:
    """Pages of customers."""
    routes = APIRouter(include_in_schema=False)

    def shop(visitor: Visitor) -> Shop:
        return Shop(entry, visitor.token or sessions.own_token())

    async def catalogue(visitor: Visitor, cursor: str = "", **shown: Any) -> Response:
        """The products, below whatever there is to say."""
        status = shown.pop("status", HTTPStatus.OK)
        shown = {"problem": None, "chosen": {}, "key": uuid4(), **shown}
        try:
            listed = await shop(visitor).products(cursor)
        except Refusal as refusal:
            shown["problem"] = shown["problem"] or refusal
            return page("products.html", visitor, refusal.status, products=NO_PRODUCTS, failed=True, **shown)
        return page("products.html", visitor, status, products=listed, failed=False, **shown)

    @routes.get("/")
    async def front() -> Response:
        return to("/shop")

    @routes.get("/shop")
    async def products(request: Request, cursor: str = "") -> Response:
        return await catalogue(sessions.visitor(request), cursor)

    @routes.post("/shop/samples")
    async def add_samples(request: Request) -> Response:
        visitor = sessions.visitor(request)
        try:
            for name, price, inventory in SAMPLES:
                await shop(visitor).add_product(name, price, inventory)
        except Refusal as refusal:
            return await catalogue(visitor, problem=refusal, status=refusal.status)
        return to("/shop")

    @routes.post("/shop/orders")
    async def place(request: Request) -> Response:
        visitor = sessions.visitor(request)
        if not visitor.customer_id:
            return to("/shop/sign-in")
        form = {name: str(value) for name, value in (await request.form()).items()}
        try:
            chosen = quantities(form)
        except WrongQuantity as wrong:
            refusal = Refusal(HTTPStatus.UNPROCESSABLE_ENTITY, str(wrong))
            return await catalogue(visitor, problem=refusal, status=refusal.status)
        key = form.get("key") or str(uuid4())
        try:
            order = await shop(visitor).place(visitor.customer_id, chosen, key)
        except Refusal as refusal:
            if refusal.status == HTTPStatus.UNAUTHORIZED:
                return sessions.sign_out(to("/shop/sign-in"))
            # What may have been done already is asked for again under the same key, anything else is a new order.
            again = {"key": key} if refusal.later else {}
            return await catalogue(visitor, problem=refusal, status=refusal.status, chosen=chosen, **again)
        return to(f"/shop/orders/{order.order_id}")

    @routes.get("/shop/orders")
    async def history(request: Request, cursor: str = "") -> Response:
        visitor = sessions.visitor(request)
        if not visitor.customer_id:
            return to("/shop/sign-in")
        try:
            orders = await shop(visitor).orders(visitor.customer_id, cursor)
        except Refusal as refusal:
            return _failed(sessions, visitor, refusal, "Your orders")
        refresh = 2 if any(order.pending for order in orders.items) else 0
        return page("orders.html", visitor, orders=orders, refresh=refresh)

    @routes.get("/shop/orders/{order_id}")
    async def one_order(request: Request, order_id: UUID) -> Response:
        visitor = sessions.visitor(request)
        if not visitor.customer_id:
            return to("/shop/sign-in")
        try:
            order = await shop(visitor).order(order_id, visitor.customer_id)
        except Refusal as refusal:
            return _failed(sessions, visitor, refusal, "Your order")
        names = await _names(shop(visitor), order)
        return page("order.html", visitor, order=order, names=names, refresh=1 if order.pending else 0)

    return routes


async def _names(shop: Shop, order: Order) -> dict[UUID, str]:
    """Names of an order's products, of those that can be told."""
    wanted = [item.product_id for item in order.items]
    found = await asyncio.gather(*(shop.product(product) for product in wanted), return_exceptions=True)
    return {product.product_id: product.name for product in found if isinstance(product, Product)}


def _failed(sessions: Sessions, visitor: Visitor, refusal: Refusal, title: str) -> Response:
    if refusal.status == HTTPStatus.UNAUTHORIZED:
        return sessions.sign_out(to("/shop/sign-in"))
    return page("problem.html", visitor, refusal.status, problem=refusal, title=title)
