"""Places an order: checks the customer, reserves the goods, and stores the order together with its event.

This is a saga. It first records a placement with the state `OPEN`. The order's id alone is enough to undo each step:
releasing goods that were never reserved changes nothing. Exactly one side moves the placement out of `OPEN`: the
transaction that stores the order, or the side that gives up. So a stored order never loses its goods, however late its
COMMIT arrives. `recovery` ends the sagas of killed processes.
"""

import asyncio
import hashlib
import json
from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal
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
from shop_shared.callers import Caller
from shop_shared.resilience.deadline import DeadlineExceeded
from shop_shared.resilience.upstream import UpstreamUnavailable

log = structlog.get_logger(__name__)


class TotalTooLarge(Exception):
    """The total exceeds the maximum of an order."""


@dataclass
class PriceChanged(Exception):
    """The total is not the one that the customer expects. Nothing was ordered."""

    total: Decimal


@dataclass(frozen=True)
class PlacedOrder:
    order: Order
    replayed: bool
    """True: an earlier request with the same key placed the order."""


class PlaceOrder:
    def __init__(self, users: Users, products: Products, placements: Placements, on_placed: Callable[[], None]) -> None:
        """`on_placed` is called after an order is stored: its event is then in the outbox."""
        self._users = users
        self._products = products
        self._placements = placements
        self._on_placed = on_placed

    async def place(self, wanted: WantedOrder, key: str | None, caller: Caller) -> PlacedOrder:
        order_id = uuid4()
        fingerprint = hashlib.sha256(wanted.model_dump_json(exclude_none=True).encode()).hexdigest()
        earlier = await self._placements.begin(order_id, fingerprint, key and _key_of(caller, key))
        if earlier is not None:
            return PlacedOrder(earlier, replayed=True)
        try:
            order = await self._run(order_id, wanted, caller)
        except BaseException as failure:
            # Also runs when the process shuts down and cancels the request.
            stored = await asyncio.shield(self._undo(order_id, failure))
            if stored is None or isinstance(failure, asyncio.CancelledError):
                raise
            order = stored
        self._on_placed()
        log.info(
            "order created",
            orderId=str(order.order_id),
            customerId=str(order.customer_id),
            total=str(order.total_amount),
        )
        return PlacedOrder(order, replayed=False)

    async def _run(self, order_id: UUID, wanted: WantedOrder, caller: Caller) -> Order:
        await self._users.require(wanted.customer_id, caller.authorization)
        prices = await self._products.reserve(order_id, wanted.items)
        items = [
            Item(product_id=item.product_id, quantity=item.quantity, unit_price=prices[item.product_id])
            for item in wanted.items
        ]
        new = NewOrder(order_id=order_id, subject=caller.subject, customer_id=wanted.customer_id, items=items)
        if new.total_amount > MAX_TOTAL:
            raise TotalTooLarge
        if wanted.expected_total not in {None, new.total_amount}:
            raise PriceChanged(new.total_amount)
        return await self._placements.store(new)

    async def _undo(self, order_id: UUID, failure: BaseException) -> Order | None:
        """Undo the saga, or return the order if its transaction was committed after all."""
        try:
            if _reserved_nothing(failure):
                await self._placements.forget(order_id)
                return None
            stored = await self._placements.give_up(order_id)
            # Do not call a service again right after an outage: recovery does that later.
            if stored is None and not isinstance(failure, UpstreamUnavailable | DeadlineExceeded):
                await self._products.release(order_id)
                await self._placements.forget(order_id)
        except Exception as error:
            log.warning("cannot undo the order yet; recovery retries", orderId=str(order_id), exc_info=error)
            return None
        return stored


def _key_of(caller: Caller, key: str) -> str:
    """Return the stored form of an idempotency key. Each caller has their own keys.

    A digest fits in the column whatever the subject's length, and neither part can run into the other.
    """
    return hashlib.sha256(json.dumps([caller.subject, key]).encode()).hexdigest()


def _reserved_nothing(failure: BaseException) -> bool:
    if isinstance(failure, UpstreamUnavailable):
        return not failure.in_doubt
    return isinstance(failure, CustomerUnknown | ProductUnknown | OutOfStock)
