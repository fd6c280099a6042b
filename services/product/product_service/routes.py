"""The HTTP side of the product service."""

from http import HTTPStatus
from typing import Annotated, Any
from uuid import UUID

import structlog
from fastapi import APIRouter, Header, Response

from product_service.model import NewProduct, Product, RequestKey, Stock, Withdrawal
from product_service.ports import KeyReused, OutOfStock, Products, ProductUnknown
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
    async def update_inventory(
        productId: UUID,  # noqa: N803
        withdrawal: Withdrawal,
        idempotency_key: Annotated[RequestKey | None, Header()] = None,
    ) -> Stock:
        try:
            if idempotency_key is None:
                left = await products.take(productId, withdrawal.quantity)
            else:
                left = await products.reserve(productId, withdrawal.quantity, idempotency_key)
        except OutOfStock as refusal:
            detail = f"quantity: {withdrawal.quantity} asked for, {refusal.left} left; ask for fewer or come back later"
            raise problems.conflict("out-of-stock", detail) from None
        except KeyReused:
            detail = (
                "Idempotency-Key: it has reserved another quantity of this product; use a new key for a new request"
            )
            raise problems.conflict("key-reused", detail) from None
        except ProductUnknown:
            raise _unknown(productId) from None
        return Stock(product_id=productId, inventory=left)

    @routes.delete("/{productId}/reservations/{key}", status_code=HTTPStatus.NO_CONTENT)
    async def put_back(productId: UUID, key: RequestKey) -> None:  # noqa: N803
        """The sale did not happen: put the reserved goods back into the stock."""
        await products.release(productId, key)

    @routes.post("/{productId}/reservations/{key}/settlement", status_code=HTTPStatus.NO_CONTENT)
    async def settle(productId: UUID, key: RequestKey) -> None:  # noqa: N803
        """The sale happened: the reserved goods are gone for good."""
        await products.settle(productId, key)

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
