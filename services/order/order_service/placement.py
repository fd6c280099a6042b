"""Places an order: check the customer, reserve the goods, store the order together with its event.

It is a saga. What it is about to do is written down first, and each step can be undone by the id of the order alone:
releasing what was never reserved changes nothing. Only the one who takes the note away from `OPEN` goes on: the
transaction that stores the order, or whoever gives up. So it never happens that an order is stored and its goods are
put back, however late a COMMIT arrives. What a killed process leaves behind is ended by `recovery`.
"""

import asyncio
import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from uuid import UUID, uuid4

import structlog

from order_service.model import MAX_TOTAL, Item, NewOrder, Order, WantedOrder
from order_service.ports import (
    CustomerUnknown,
    OutOfStock,
    Placements,
    Products,
    ProductUnknown,
    Users,
)
from shop_shared.resilience.deadline import DeadlineExceeded
from shop_shared.resilience.upstream import UpstreamUnavailable

log = structlog.get_logger(__name__)


class TotalTooLarge(Exception):
    """The sum does not fit into an order."""


@dataclass(frozen=True)
class Placed:
    order: Order
    replayed: bool
    """The same request had placed it before."""


class Placement:
    def __init__(self, users: Users, products: Products, placements: Placements, placed: Callable[[], None]) -> None:
        """`placed` is called when an order has been stored, with an event that waits."""
        self._users = users
        self._products = products
        self._placements = placements
        self._placed = placed

    async def place(self, wanted: WantedOrder, key: str | None) -> Placed:
        order_id = uuid4()
        fingerprint = hashlib.sha256(wanted.model_dump_json().encode()).hexdigest()
        earlier = await self._placements.begin(order_id, fingerprint, key)
        if earlier is not None:
            return Placed(earlier, replayed=True)
        try:
            order = await self._saga(order_id, wanted)
        except BaseException as failure:
            # Also when the request is cancelled because the process must go.
            stored = await asyncio.shield(self._undo(order_id, failure))
            if stored is None or isinstance(failure, asyncio.CancelledError):
                raise
            order = stored
        self._placed()
        log.info(
            "order created",
            orderId=str(order.order_id),
            customerId=str(order.customer_id),
            total=str(order.total_amount),
        )
        return Placed(order, replayed=False)

    async def _saga(self, order_id: UUID, wanted: WantedOrder) -> Order:
        await self._users.require(wanted.customer_id)
        prices = await self._products.reserve(order_id, wanted.items)
        items = [
            Item(product_id=item.product_id, quantity=item.quantity, unit_price=prices[item.product_id])
            for item in wanted.items
        ]
        new = NewOrder(order_id=order_id, customer_id=wanted.customer_id, items=items)
        if new.total_amount > MAX_TOTAL:
            raise TotalTooLarge
        return await self._placements.store(new)

    async def _undo(self, order_id: UUID, failure: BaseException) -> Order | None:
        """The order, where its transaction was committed although nobody heard of it."""
        try:
            if _nothing_is_reserved(failure):
                await self._placements.forget(order_id)
                return None
            stored = await self._placements.give_up(order_id)
            # Who does not answer is not asked once more at once: recovery does that later.
            if stored is None and not isinstance(failure, UpstreamUnavailable | DeadlineExceeded):
                await self._products.release(order_id)
                await self._placements.forget(order_id)
        except Exception as error:
            log.warning("an order cannot be taken back yet", orderId=str(order_id), exc_info=error)
            return None
        return stored


def _nothing_is_reserved(failure: BaseException) -> bool:
    if isinstance(failure, UpstreamUnavailable):
        return not failure.in_doubt
    return isinstance(failure, CustomerUnknown | ProductUnknown | OutOfStock)
