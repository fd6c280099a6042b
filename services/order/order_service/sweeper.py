"""Settles orders that are unsettled for too long directly from the table.

The event of a PENDING order is late, lost or a dead letter. The goods of a CANCELLING order could not be returned yet.

Both are idempotent, so it does no harm if the event or the request arrives at the same time or later. An order that
cannot be settled does not block the others: it is logged and counted, and the next pass retries it.
"""

from collections.abc import Awaitable, Callable, Mapping
from datetime import datetime, timedelta
from uuid import UUID

import structlog
from prometheus_client import Counter

from order_service.ports import UnsettledOrders
from shop_shared.resilience import deadline
from shop_shared.resilience.upstream import UpstreamUnavailable

log = structlog.get_logger(__name__)

BATCH = 20
SETTLING_SECONDS = 15.0
SWEPT = Counter("orders_swept", "Orders that were unsettled for too long", ["result"])

Settle = Callable[[UUID], Awaitable[None]]


class Sweeper:
    def __init__(
        self,
        orders: UnsettledOrders,
        settle: Mapping[str, Settle],
        check_dependencies: Callable[[], Awaitable[None]],
        age: timedelta,
    ) -> None:
        """`settle` has the statuses of unsettled orders, and what settles an order."""
        self._orders = orders
        self._settle = settle
        self._check_dependencies = check_dependencies
        self._age = age
        self._last: dict[str, tuple[datetime, UUID]] = {}
        """The last order of an interrupted pass: the next one continues after it."""

    async def step(self) -> bool:
        """Try each old unsettled order once. Raises while a dependency is unavailable."""
        for status, settle in self._settle.items():
            while page := await self._orders.older_than(self._age, status, BATCH, self._last.get(status)):
                await self._check_dependencies()
                for created_at, order_id in page:
                    self._last[status] = created_at, order_id
                    await self._try(settle, order_id)
            self._last.pop(status, None)
        return False

    async def _try(self, settle: Settle, order_id: UUID) -> None:
        try:
            with deadline.within(SETTLING_SECONDS):
                await settle(order_id)
        except Exception as error:
            if isinstance(error, UpstreamUnavailable) and not error.in_doubt:
                raise  # the circuit breaker is open
            SWEPT.labels("failed").inc()
            log.exception("cannot settle an old order; the next pass retries", orderId=str(order_id))
            return
        SWEPT.labels("settled").inc()
        log.warning("settled an old order from the table", orderId=str(order_id))
