"""The HTTP side of the order service."""

from http import HTTPStatus
from uuid import UUID

from fastapi import APIRouter, BackgroundTasks, Response

from order_service.model import MAX_TOTAL, Order, WantedOrder
from order_service.placement import Placement, TotalTooLarge
from order_service.ports import (
    CommitUnknown,
    CustomerUnknown,
    NotCommitted,
    Orders,
    OutOfStock,
    ProductUnknown,
    UpstreamUnavailable,
)
from shop_shared import problems


def router(placement: Placement, orders: Orders) -> APIRouter:
    routes = APIRouter(prefix="/orders", tags=["orders"])

    @routes.post("", status_code=HTTPStatus.CREATED)
    async def create_order(wanted: WantedOrder, response: Response, after: BackgroundTasks) -> Order:
        try:
            order = await placement.place(wanted)
        except Exception as refusal:
            problem = _problem(refusal, wanted)
            if problem is None:
                raise
            raise problem from refusal
        after.add_task(placement.settle, order)
        response.headers["Location"] = f"/orders/{order.order_id}"
        return order

    @routes.get("/{orderId}")
    async def read_order(orderId: UUID) -> Order:  # noqa: N803  (the article's style of path parameters)
        order = await orders.find(orderId)
        if order is None:
            raise problems.not_found("order-not-found", f"there is no order {orderId}")
        return order

    return routes


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
        case UpstreamUnavailable(service):
            problem = problems.unavailable(f"the {service} service")
        case CommitUnknown() | NotCommitted():
            problem = problems.unavailable("the database of this service")
    return problem


def _field(wanted: WantedOrder, product_id: UUID, name: str) -> str:
    position = next(i for i, item in enumerate(wanted.items) if item.product_id == product_id)
    return f"items.{position}.{name}"
