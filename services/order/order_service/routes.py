"""The HTTP API of the order service."""

from datetime import datetime
from http import HTTPStatus
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Header, Query, Request, Response

from order_service.cancel_order import CancelOrder
from order_service.model import MAX_TOTAL, Order, WantedOrder
from order_service.place_order import PlaceOrder, PriceChanged, TotalTooLarge
from order_service.ports import (
    CustomerUnknown,
    InProgress,
    KeyReused,
    Orders,
    OrderUnknown,
    OutOfStock,
    PlacementLost,
    ProductUnknown,
    TooLate,
)
from shop_shared import pagination, problems, retention
from shop_shared.callers import AnyCaller, Caller
from shop_shared.field_types import Matching
from shop_shared.resilience.upstream import UpstreamUnavailable

RequestKey = Annotated[str, Matching(r"^[!-~]{1,128}$", "must have 1 to 128 visible ASCII characters, and no spaces")]


routes = APIRouter(prefix="/orders", tags=["orders"])


async def _place_order(request: Request) -> PlaceOrder:
    use_case: PlaceOrder = request.app.state.place_order
    return use_case


async def _orders(request: Request) -> Orders:
    orders: Orders = request.app.state.orders
    return orders


async def _cancel_order(request: Request) -> CancelOrder:
    use_case: CancelOrder = request.app.state.cancel_order
    return use_case


StoredOrders = Annotated[Orders, Depends(_orders)]


@routes.post("", status_code=HTTPStatus.CREATED, responses=problems.openapi_responses(409))
async def create_order(
    wanted: WantedOrder,
    response: Response,
    caller: AnyCaller,
    place_order: Annotated[PlaceOrder, Depends(_place_order)],
    idempotency_key: Annotated[
        RequestKey | None,
        Header(description="Makes the request safe to repeat: for one day, the same key returns the same answer"),
    ] = None,
) -> Order:
    try:
        placed = await place_order.place(wanted, idempotency_key, caller)
    except Exception as error:
        problem = _to_problem(error, wanted)
        if problem is None:
            raise
        raise problem from error
    response.headers["Location"] = f"/orders/{placed.order.order_id}"
    if placed.replayed:
        response.headers["Idempotent-Replayed"] = "true"
    return placed.order


@routes.get("")
async def list_orders(
    orders: StoredOrders,
    caller: AnyCaller,
    customer_id: Annotated[UUID, Query(alias="customerId")],
    limit: pagination.Limit = pagination.DEFAULT_LIMIT,
    cursor: pagination.Cursor = None,
) -> pagination.Page[Order]:
    """A customer's orders, newest first. Orders of others need the scope shop:admin and are left out without it."""
    found, more = await orders.page(customer_id, _owner(caller), limit, _parse_cursor(cursor))
    last = found[-1] if more else None
    return pagination.Page(
        items=found,
        next_cursor=pagination.encode(last.created_at.isoformat(), str(last.order_id)) if last else None,
    )


@routes.get("/{orderId}", responses=problems.openapi_responses(404))
async def read_order(orderId: UUID, orders: StoredOrders, caller: AnyCaller) -> Order:  # noqa: N803  (the article's parameter names)
    """Return an order. Orders of others need the scope shop:admin."""
    order = await orders.find(orderId, _owner(caller))
    if order is None:
        raise _unknown(orderId)
    return order


@routes.post("/{orderId}/cancel", responses=problems.openapi_responses(404, 409))
async def cancel_order(
    orderId: UUID,  # noqa: N803
    cancel: Annotated[CancelOrder, Depends(_cancel_order)],
    caller: AnyCaller,
) -> Order:
    """Cancel an order. It is `CANCELLING` until its goods are back in the stock, and then `CANCELLED`.

    Orders of others need the scope shop:admin.
    """
    try:
        return await cancel.cancel(orderId, _owner(caller))
    except OrderUnknown:
        raise _unknown(orderId) from None
    except TooLate:
        detail = f"an order can be cancelled for {retention.CANCELLATION.days} days; this one is older"
        raise problems.conflict("too-late", detail) from None


def _unknown(order_id: UUID) -> problems.Problem:
    return problems.not_found("order-not-found", f"there is no order {order_id}")


def _owner(caller: Caller) -> str | None:
    """Return whose orders the caller may see; ``None`` means all."""
    return None if caller.is_admin else caller.subject


def _parse_cursor(cursor: str | None) -> tuple[datetime, UUID] | None:
    if cursor is None:
        return None
    created_at, order_id = pagination.decode(cursor, parts=2)
    try:
        return datetime.fromisoformat(created_at), UUID(order_id)
    except ValueError:
        raise pagination.invalid_cursor() from None


def _to_problem(error: Exception, wanted: WantedOrder) -> problems.Problem | None:
    """Return the problem for an error that concerns the caller. Returns None for any other error."""
    problem = None
    match error:
        case CustomerUnknown():
            problem = problems.invalid("customerId", "you have no user with this id; create your user first")
        case ProductUnknown(product_id):
            where = _field(wanted, product_id, "productId")
            problem = problems.invalid(where, "this product does not exist; remove it from the order")
        case OutOfStock(product_id):
            where = _field(wanted, product_id, "quantity")
            detail = f"{where}: not enough stock of product {product_id}; order fewer or retry later"
            problem = problems.conflict("out-of-stock", detail)
        case TotalTooLarge():
            detail = f"the total exceeds {MAX_TOTAL}; split the order into several"
            problem = problems.invalid("items", detail)
        case PriceChanged(total):
            detail = f"expectedTotal: the total is now {total:.2f}; show it to the customer and order again with it"
            problem = problems.conflict("price-changed", detail)
        case KeyReused():
            detail = "this key was already used for another order; use a new key for a new order"
            problem = problems.invalid("Idempotency-Key", detail)
        case InProgress():
            detail = "Idempotency-Key: another request with this key is in progress; send the request again later"
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
