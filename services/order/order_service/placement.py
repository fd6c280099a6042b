"""Places an order: check the customer, fetch prices, reserve the stock, store the order.

Each step may fail, and the process may be told to stop in between. What was reserved is put back by the id of the
order, which is exact: putting back what was never reserved changes nothing. The one case in which it is *not* put
back is a commit of which nobody knows whether it happened: a reservation too many costs a sale until somebody looks,
an order without goods costs more.
"""

import asyncio
from collections.abc import Awaitable, Iterable
from typing import TypeVar
from uuid import UUID, uuid4

import structlog

from order_service.model import MAX_TOTAL, Item, NewOrder, Order, WantedOrder
from order_service.ports import CommitUnknown, NotCommitted, Orders, Products, Users

log = structlog.get_logger(__name__)

Result = TypeVar("Result")


class TotalTooLarge(Exception):
    """The sum does not fit into an order."""


class Placement:
    def __init__(self, users: Users, products: Products, orders: Orders) -> None:
        self._users = users
        self._products = products
        self._orders = orders

    async def place(self, wanted: WantedOrder) -> Order:
        await self._users.require(wanted.customer_id)
        new = NewOrder(order_id=uuid4(), customer_id=wanted.customer_id, items=await self._priced(wanted))
        if new.total_amount > MAX_TOTAL:
            raise TotalTooLarge
        try:
            await _all(self._products.reserve(i.product_id, i.quantity, new.order_id) for i in new.items)
            order = await self._stored(new)
        except CommitUnknown:
            log.error("order in doubt: its reservations stay", orderId=str(new.order_id))  # noqa: TRY400  (known cause)
            raise
        except BaseException:
            # Also when the request is cancelled because the process must go.
            await asyncio.shield(self._put_back(new))
            raise
        log.info(
            "order created",
            orderId=str(order.order_id),
            customerId=str(order.customer_id),
            total=str(order.total_amount),
        )
        return order

    async def settle(self, order: Order) -> None:
        """The goods are sold. After the answer: the order holds without it, only its reservations stay noted."""
        calls = (self._products.settle(i.product_id, order.order_id) for i in order.items)
        await self._attempt("settle", order.order_id, calls)

    async def _priced(self, wanted: WantedOrder) -> list[Item]:
        prices = await _all(self._products.price(item.product_id) for item in wanted.items)
        return [
            Item(product_id=item.product_id, quantity=item.quantity, unit_price=price)
            for item, price in zip(wanted.items, prices, strict=True)
        ]

    async def _stored(self, new: NewOrder) -> Order:
        try:
            return await self._orders.add(new)
        except CommitUnknown as doubt:
            try:
                order = await self._orders.find(new.order_id)
            except Exception:
                log.warning("cannot look up an order in doubt", orderId=str(new.order_id), exc_info=True)
                raise doubt from None
            if order is None:
                raise NotCommitted from doubt
            return order

    async def _put_back(self, new: NewOrder) -> None:
        calls = (self._products.put_back(i.product_id, new.order_id) for i in new.items)
        await self._attempt("put back", new.order_id, calls)

    @staticmethod
    async def _attempt(what: str, order_id: UUID, calls: Iterable[Awaitable[None]]) -> None:
        results = await asyncio.gather(*calls, return_exceptions=True)
        for failure in (r for r in results if isinstance(r, BaseException)):
            log.error("a reservation stays", step=what, orderId=str(order_id), exc_info=failure)


async def _all(calls: Iterable[Awaitable[Result]]) -> list[Result]:
    """Side by side. Waits for every call, so that none is still under way when a failure is dealt with."""
    results = await asyncio.gather(*calls, return_exceptions=True)
    done: list[Result] = []
    for result in results:
        if isinstance(result, BaseException):
            raise result
        done.append(result)
    return done
