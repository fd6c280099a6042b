"""The HTTP side of the product service."""

from http import HTTPStatus
from uuid import UUID

import structlog
from fastapi import APIRouter, Response

from product_service.catalogue import Catalogue
from product_service.model import NewProduct, Product, ProductPage, Stock, Withdrawal
from product_service.ports import OutOfStock, Products, ProductUnknown
from shop_shared import pagination, problems
from shop_shared.application import PUBLIC

log = structlog.get_logger(__name__)


def router(products: Products, catalogue: Catalogue) -> APIRouter:
    routes = APIRouter(prefix="/products", tags=["products"])

    @routes.get("", openapi_extra=PUBLIC)
    async def list_products(
        response: Response, limit: pagination.Limit = pagination.DEFAULT_LIMIT, cursor: pagination.Cursor = None
    ) -> ProductPage:
        answer = await catalogue.page(limit, pagination.after(cursor))
        items, last = answer.value
        return ProductPage(
            items=items,
            next_cursor=pagination.encode(str(last)) if last else None,
            cached=_is_old(answer.age_seconds, response),
        )

    @routes.post("", status_code=HTTPStatus.CREATED)
    async def create_product(new: NewProduct, response: Response) -> Product:
        product = await products.add(new)
        log.info("product created", productId=str(product.product_id))
        response.headers["Location"] = f"/products/{product.product_id}"
        return product

    @routes.get("/{productId}", openapi_extra=PUBLIC, responses=problems.openapi_responses(404))
    async def read_product(productId: UUID, response: Response) -> Product:  # noqa: N803  (the article's name)
        answer = await catalogue.find(productId)
        if answer.value is None:
            raise _unknown(productId)
        return answer.value.model_copy(update={"cached": _is_old(answer.age_seconds, response)})

    @routes.post("/{productId}/inventory", responses=problems.openapi_responses(404, 409))
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


def _is_old(age_seconds: float | None, response: Response) -> bool:
    """Says of an answer from memory that it is one, to people in the body and to caches in the header."""
    if age_seconds is None:
        return False
    response.headers["Age"] = str(int(age_seconds))
    return True
