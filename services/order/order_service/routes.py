"""The HTTP side of the order service."""

from datetime import datetime
from http import HTTPStatus
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Header, Query, Response
from pydantic import StringConstraints

from order_service.model import MAX_TOTAL, Order, WantedOrder
from order_service.placement import Placement, TotalTooLarge
from order_service.ports import (
    CustomerUnknown,
    InProgress,
    KeyReused,
    Orders,
    OutOfStock,
    PlacementLost,
    ProductUnknown,
)
from shop_shared import pagination, problems
from shop_shared.resilience.upstream import UpstreamUnavailable

RequestKey = Annotated[str, StringConstraints(pattern=r"^[!-~]{1,128}$")]


def router(placement: Placement, orders: Orders) -> APIRouter:
    routes = APIRouter(prefix="/orders", tags=["orders"])

    @routes.post("", status_code=HTTPStatus.CREATED, responses=problems.openapi_responses(409))
    async def create_order(
        wanted: WantedOrder,
        response: Response,
        idempotency_key: Annotated[
            RequestKey | None,
            Header(description="With it the request may be sent again: for a day the same key gets the same answer"),
        ] = None,
    ) -> Order:
        try:
            placed = await placement.place(wanted, idempotency_key)
        except Exception as refusal:
            problem = _problem(refusal, wanted)
            if problem is None:
                raise
            raise problem from refusal
        response.headers["Location"] = f"/orders/{placed.order.order_id}"
        if placed.replayed:
            response.headers["Idempotent-Replayed"] = "true"
        return placed.order

    @routes.get("")
    async def list_orders(
        customer_id: Annotated[UUID, Query(alias="customerId")],
        limit: pagination.Limit = pagination.DEFAULT_LIMIT,
        cursor: pagination.Cursor = None,
    ) -> pagination.Page[Order]:
        """A customer's orders, the newest first."""
        found, more = await orders.page(customer_id, limit, _before(cursor))
        last = found[-1] if more else None
        return pagination.Page(
            items=found,
            next_cursor=pagination.encode(last.created_at.isoformat(), str(last.order_id)) if last else None,
        )

    @routes.get("/{orderId}", responses=problems.openapi_responses(404))
    async def read_order(orderId: UUID) -> Order:  # noqa: N803  (the article's style of path parameters)
        order = await orders.find(orderId)
        if order is None:
            raise problems.not_found("order-not-found", f"there is no order {orderId}")
        return order

    return routes


def _before(cursor: str | None) -> tuple[datetime, UUID] | None:
    if cursor is None:
        return None
    moment, order_id = pagination.decode(cursor, parts=2)
    try:
        return datetime.fromisoformat(moment), UUID(order_id)
    except ValueError:
        raise pagination.invalid_cursor() from None


def _problem(refusal: Exception, wanted: WantedOrder) -> problems.Problem | None:
    """What the caller is told; nothing about what is not the caller's business."""
    problem = None
    match refusal:
        case CustomerUnknown():
            problem = problems.invalid("customerId", "there is no such user; create the user first")
        case ProductUnknown(product_id):
            where = _field(wanted, product_id, "productId")
            problem = problems.invalid(where, "there is no such product; remove it from the order")
        case OutOfStock(product_id):
            where = _field(wanted, product_id, "quantity")
            detail = f"{where}: not enough of product {product_id} left; order fewer or come back later"
            problem = problems.conflict("out-of-stock", detail)
        case TotalTooLarge():
            detail = f"the order is worth more than {MAX_TOTAL}; split it into several orders"
            problem = problems.invalid("items", detail)
        case KeyReused():
            detail = "it was sent with another order before; use a new key for a new order"
            problem = problems.invalid("Idempotency-Key", detail)
        case InProgress():
            detail = "Idempotency-Key: the request with this key is still at work; send it again a little later"
            problem = problems.conflict("in-progress", detail)
            problem.headers = {"Retry-After": str(problems.RETRY_AFTER_SECONDS)}
        case UpstreamUnavailable(service, retry_after):
            problem = problems.unavailable(f"the {service} service", retry_after)
            problem.fallback = True
        case PlacementLost():
            problem = problems.unavailable("the database of this service")
    return problem


def _field(wanted: WantedOrder, product_id: UUID, name: str) -> str:
    position = next(i for i, item in enumerate(wanted.items) if item.product_id == product_id)
    return f"items.{position}.{name}"
