"""The HTTP side of the product service."""

from http import HTTPStatus
from typing import Any
from uuid import UUID

import structlog
from fastapi import APIRouter, Response

from product_service.model import NewProduct, Product, Stock, Withdrawal
from product_service.ports import OutOfStock, Products, ProductUnknown
from shop_shared import pagination, problems

log = structlog.get_logger(__name__)

# Whoever walks past the window may look: the gateway asks for no token there.
_PUBLIC: dict[str, Any] = {"security": []}


def router(products: Products) -> APIRouter:
    routes = APIRouter(prefix="/products", tags=["products"])

    @routes.get("", openapi_extra=_PUBLIC)
    async def list_products(
        limit: pagination.Limit = pagination.DEFAULT_LIMIT, cursor: pagination.Cursor = None
    ) -> pagination.Page[Product]:
        items, last = await products.page(limit, _after(cursor))
        return pagination.Page(items=items, next_cursor=pagination.encode(str(last)) if last else None)

    @routes.post("", status_code=HTTPStatus.CREATED)
    async def create_product(new: NewProduct, response: Response) -> Product:
        product = await products.add(new)
        log.info("product created", productId=str(product.product_id))
        response.headers["Location"] = f"/products/{product.product_id}"
        return product

    @routes.get("/{productId}", openapi_extra=_PUBLIC, responses=problems.documented(404))
    async def read_product(productId: UUID) -> Product:  # noqa: N803  (the article's name of the path parameter)
        product = await products.find(productId)
        if product is None:
            raise _unknown(productId)
        return product

    @routes.post("/{productId}/inventory", responses=problems.documented(404, 409))
    async def update_inventory(productId: UUID, withdrawal: Withdrawal) -> Stock:  # noqa: N803
        """Take goods out of the stock for good; whoever may want to put them back makes a reservation."""
        try:
            left = await products.take(productId, withdrawal.quantity)
        except OutOfStock as refusal:
            detail = f"quantity: {withdrawal.quantity} asked for, {refusal.left} left; ask for fewer or come back later"
            raise problems.conflict("out-of-stock", detail) from None
        except ProductUnknown:
            raise _unknown(productId) from None
        return Stock(product_id=productId, inventory=left)

    return routes


def _unknown(product_id: UUID) -> problems.Problem:
    return problems.not_found("product-not-found", f"there is no product {product_id}")


def _after(cursor: str | None) -> UUID | None:
    if cursor is None:
        return None
    (product_id,) = pagination.decode(cursor)
    try:
        return UUID(product_id)
    except ValueError:
        raise pagination.no_cursor() from None
