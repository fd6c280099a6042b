"""The pages under /shop. Each page calls the services, and shows an error when one of them does not answer."""

import asyncio
from collections.abc import Awaitable
from http import HTTPStatus
from typing import Any
from uuid import UUID, uuid4

from fastapi import APIRouter, HTTPException
from starlette.requests import Request
from starlette.responses import FileResponse, RedirectResponse, Response

from gateway_service.storefront.basket import Basket
from gateway_service.storefront.dependencies import (
    CatalogueShop,
    CurrentBasket,
    CurrentSessions,
    CurrentVisitor,
    VisitorsShop,
    storefront,
)
from gateway_service.storefront.forms import InvalidQuantity, entered, local_page, order_key
from gateway_service.storefront.model import Order, Page, Product, unknown_product
from gateway_service.storefront.rendering import HERE, page, see_other
from gateway_service.storefront.samples import SAMPLES
from gateway_service.storefront.session import Sessions, Visitor
from gateway_service.storefront.shop_client import ShopClient, ShopError
from gateway_service.storefront.system_status import StatusUnavailable

NOTHING_CHOSEN = "nothing is chosen yet; set a quantity, then place the order again"
NO_PRODUCTS: Page[Product] = Page(items=())
FILES = {"style.css": "text/css", "live.js": "text/javascript", "mark.svg": "image/svg+xml"}

routes = APIRouter(include_in_schema=False)


@routes.get("/")
async def home() -> Response:
    return see_other("/shop")


@routes.get("/favicon.ico")
async def favicon() -> Response:
    return RedirectResponse("/shop/static/mark.svg", HTTPStatus.PERMANENT_REDIRECT)


@routes.get("/shop")
async def products(shop: VisitorsShop, visitor: CurrentVisitor, basket: CurrentBasket, cursor: str = "") -> Response:
    return await _products_page(shop, visitor, basket, cursor)


@routes.post("/shop/basket")
async def keep_choices(
    request: Request, shop: VisitorsShop, visitor: CurrentVisitor, basket: CurrentBasket
) -> Response:
    """Keep the choices of the form, and go on to the page that its button names."""
    form = await _form(request)
    try:
        return basket.changed(entered(form)).store(see_other(local_page(form)))
    except InvalidQuantity as error:
        problem = ShopError(HTTPStatus.UNPROCESSABLE_ENTITY, str(error))
        return await _products_page(shop, visitor, basket, problem=problem)


@routes.post("/shop/samples")
async def add_samples(
    request: Request, shop: CatalogueShop, visitor: CurrentVisitor, basket: CurrentBasket
) -> Response:
    """Fill an empty shop. A shop with products stays as it is."""
    try:
        async with storefront(request).filling:  # a second request at the same time finds products
            if not (await shop.products(limit=1)).items:
                for name, price, inventory in SAMPLES:
                    await shop.add_product(name, price, inventory)
    except ShopError as problem:
        return await _products_page(shop, visitor, basket, problem=problem)
    return see_other("/shop")


@routes.post("/shop/orders")
async def place_order(
    request: Request, shop: VisitorsShop, visitor: CurrentVisitor, sessions: CurrentSessions, basket: CurrentBasket
) -> Response:
    form = await _form(request)
    try:
        basket = basket.changed(entered(form))
    except InvalidQuantity as error:
        problem = ShopError(HTTPStatus.UNPROCESSABLE_ENTITY, str(error))
        return await _products_page(shop, visitor, basket, problem=problem)
    if not visitor.customer_id:
        return basket.store(see_other("/shop/sign-in"))
    if not basket.quantities:
        problem = ShopError(HTTPStatus.UNPROCESSABLE_ENTITY, NOTHING_CHOSEN)
        return await _products_page(shop, visitor, basket, problem=problem)
    return await _place(shop, visitor, sessions, basket, order_key(form))


async def _place(shop: ShopClient, visitor: Visitor, sessions: Sessions, basket: Basket, key: str) -> Response:
    try:
        order = await shop.place(visitor.customer_id, dict(basket.quantities), key)
    except ShopError as problem:
        if problem.status == HTTPStatus.UNAUTHORIZED:
            return sessions.sign_out(basket.store(see_other("/shop/sign-in")))
        # After an error that may be temporary, the form keeps its key: the order may already be placed.
        same_key = key if problem.retryable else ""
        return await _products_page(shop, visitor, basket, problem=problem, key=same_key)
    return Basket().store(see_other(f"/shop/orders/{order.order_id}"))


@routes.get("/shop/orders")
async def list_orders(
    shop: VisitorsShop, visitor: CurrentVisitor, sessions: CurrentSessions, cursor: str = ""
) -> Response:
    if not visitor.customer_id:
        return see_other("/shop/sign-in")
    try:
        orders = await shop.orders(visitor.customer_id, cursor)
    except ShopError as problem:
        return _problem_page(sessions, visitor, problem, "Your orders")
    refresh = 2 if any(order.pending for order in orders.items) else 0
    return page("orders.html", visitor, orders=orders, refresh=refresh)


@routes.get("/shop/orders/{order_id}")
async def show_order(
    shop: VisitorsShop, visitor: CurrentVisitor, sessions: CurrentSessions, order_id: UUID
) -> Response:
    if not visitor.customer_id:
        return see_other("/shop/sign-in")
    try:
        order = await shop.order(order_id)
    except ShopError as problem:
        return _problem_page(sessions, visitor, problem, "Your order")
    names = await _product_names(shop, order)
    return page("order.html", visitor, order=order, names=names, refresh=1 if order.pending else 0)


@routes.get("/shop/status")
async def show_status(request: Request, visitor: CurrentVisitor) -> Response:
    front = storefront(request)
    breakers, queues = await asyncio.gather(
        _result_or_reason(front.system_status.breakers()), _result_or_reason(front.system_status.queues())
    )
    return page("status.html", visitor, refresh=3, breakers=breakers, queues=queues, routes=front.refresher)


@routes.get("/shop/static/{name}")
async def static_file(name: str) -> Response:
    if name not in FILES:
        raise HTTPException(HTTPStatus.NOT_FOUND)
    headers = {"Cache-Control": "max-age=300", "X-Content-Type-Options": "nosniff"}
    return FileResponse(HERE / "static" / name, media_type=FILES[name], headers=headers)


async def _products_page(
    shop: ShopClient,
    visitor: Visitor,
    basket: Basket,
    cursor: str = "",
    *,
    problem: ShopError | None = None,
    key: str = "",
) -> Response:
    """Show the products below `problem`. The form contains the choices of all pages, and the idempotency key."""
    status, listed, failed = problem.status if problem else HTTPStatus.OK, NO_PRODUCTS, False
    try:
        listed = await shop.products(cursor)
    except ShopError as error:
        status, problem, failed = error.status, problem or error, True
    else:
        on_page = {product.product_id for product in listed.items}
        others = await _chosen_elsewhere(shop, [product for product in basket.quantities if product not in on_page])
        gone = {product: 0 for product, found in others.items() if found is None}
        basket = basket.changed(gone)
    form: dict[str, Any] = {"chosen": basket.quantities, "key": key or uuid4(), "cursor": cursor}
    form["others"] = [] if failed else [product for product in others.values() if product]
    return basket.store(page("products.html", visitor, status, products=listed, failed=failed, problem=problem, **form))


async def _chosen_elsewhere(shop: ShopClient, ids: list[UUID]) -> dict[UUID, Product | None]:
    """Return the chosen products of other pages, `None` for one that is sold no more.

    A product that cannot be read now stays chosen, without a price.
    """
    if not ids:
        return {}
    try:
        page_of_these = await shop.products_with(ids)
    except ShopError:
        return {product_id: unknown_product(product_id) for product_id in ids}
    existing = {product.product_id: product for product in page_of_these.items}
    return {product_id: existing.get(product_id) for product_id in ids}


async def _form(request: Request) -> dict[str, str]:
    return {name: str(value) for name, value in (await request.form()).items()}


async def _product_names(shop: ShopClient, order: Order) -> dict[UUID, str]:
    """Return the names of an order's products, without those that no longer exist. Empty if none can be read."""
    try:
        products = await shop.products_with(item.product_id for item in order.items)
    except ShopError:
        return {}
    return {product.product_id: product.name for product in products.items}


def _problem_page(sessions: Sessions, visitor: Visitor, problem: ShopError, title: str) -> Response:
    if problem.status == HTTPStatus.UNAUTHORIZED:
        return sessions.sign_out(see_other("/shop/sign-in"))
    return page("problem.html", visitor, problem.status, problem=problem, title=title)


async def _result_or_reason(result: Awaitable[object]) -> object:
    """Return the result, or the reason why it is unavailable, for the page to show."""
    try:
        return await result
    except StatusUnavailable as reason:
        return str(reason)
