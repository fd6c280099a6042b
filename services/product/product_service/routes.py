"""The HTTP API of the product service."""

from http import HTTPStatus
from typing import Annotated
from uuid import UUID

import structlog
from fastapi import APIRouter, Depends, Query, Request, Response

from product_service.catalogue import Catalogue
from product_service.model import NewProduct, Product, ProductPage, Stock, Withdrawal
from product_service.ports import OutOfStock, Products, ProductUnknown
from shop_shared import pagination, problems
from shop_shared.callers import CATALOGUE, PUBLIC, requires

log = structlog.get_logger(__name__)

MAX_IDS = 50
"""The number of products in the largest order."""

routes = APIRouter(prefix="/products", tags=["products"])


async def _products(request: Request) -> Products:
    products: Products = request.app.state.products
    return products


async def _catalogue(request: Request) -> Catalogue:
    catalogue: Catalogue = request.app.state.catalogue
    return catalogue


ProductStore = Annotated[Products, Depends(_products)]
CachedProducts = Annotated[Catalogue, Depends(_catalogue)]


@routes.get("", openapi_extra=PUBLIC)
async def list_products(
    catalogue: CachedProducts,
    response: Response,
    limit: pagination.Limit = pagination.DEFAULT_LIMIT,
    cursor: pagination.Cursor = None,
    product_ids: Annotated[
        list[UUID] | None,
        Query(alias="id", min_length=1, max_length=MAX_IDS, description="Return these products, without pages"),
    ] = None,
) -> ProductPage:
    if product_ids:
        return await _read_all(catalogue, list(dict.fromkeys(product_ids)), response)
    answer = await catalogue.page(limit, pagination.after(cursor))
    items, last = answer.value
    return ProductPage(
        items=items,
        next_cursor=pagination.encode(str(last)) if last else None,
        cached=_mark_cached(answer.age_seconds, response),
    )


async def _read_all(catalogue: Catalogue, product_ids: list[UUID], response: Response) -> ProductPage:
    """Return the products that exist, in the sequence of their ids."""
    results = await catalogue.find_all(product_ids)
    age = max((result.age_seconds for result in results if result.age_seconds is not None), default=None)
    return ProductPage(
        items=[
            result.value.model_copy(update={"cached": result.age_seconds is not None})
            for result in results
            if result.value
        ],
        cached=_mark_cached(age, response),
    )


@routes.post("", status_code=HTTPStatus.CREATED, dependencies=[requires(CATALOGUE)])
async def create_product(new: NewProduct, products: ProductStore, response: Response) -> Product:
    product = await products.add(new)
    log.info("product created", productId=str(product.product_id))
    response.headers["Location"] = f"/products/{product.product_id}"
    return product


@routes.get("/{productId}", openapi_extra=PUBLIC, responses=problems.openapi_responses(404))
async def read_product(productId: UUID, catalogue: CachedProducts, response: Response) -> Product:  # noqa: N803  (as in the article)
    answer = await catalogue.find(productId)
    if answer.value is None:
        raise _unknown(productId)
    return answer.value.model_copy(update={"cached": _mark_cached(answer.age_seconds, response)})


@routes.post(
    "/{productId}/inventory", responses=problems.openapi_responses(404, 409), dependencies=[requires(CATALOGUE)]
)
async def update_inventory(productId: UUID, withdrawal: Withdrawal, products: ProductStore) -> Stock:  # noqa: N803
    """Take goods out of the stock permanently. To be able to return them, create a reservation instead."""
    try:
        left = await products.take(productId, withdrawal.quantity)
    except OutOfStock as error:
        detail = f"quantity: {withdrawal.quantity} requested, {error.left} left; request fewer or retry later"
        raise problems.conflict("out-of-stock", detail) from None
    except ProductUnknown:
        raise _unknown(productId) from None
    return Stock(product_id=productId, inventory=left)


def _unknown(product_id: UUID) -> problems.Problem:
    return problems.not_found("product-not-found", f"there is no product {product_id}")


def _mark_cached(age_seconds: float | None, response: Response) -> bool:
    """Return the body's `cached` flag. A cached answer also gets the Age header, for HTTP caches."""
    if age_seconds is None:
        return False
    response.headers["Age"] = str(int(age_seconds))
    return True
