"""Cancels an order: first its status, then its goods.

The status changes first, so no event can confirm the order afterwards. Product returns goods once for each order, so
the second step may be repeated. If it fails, the order stays CANCELLING and the sweeper repeats it.
"""

from uuid import UUID

import structlog

from order_service.model import CANCELLED, CANCELLING, Order
from order_service.ports import Cancellations, Products, ReservationUnknown
from shop_shared.resilience.deadline import DeadlineExceeded
from shop_shared.resilience.upstream import UpstreamUnavailable

log = structlog.get_logger(__name__)


class CancelOrder:
    def __init__(self, products: Products, cancellations: Cancellations) -> None:
        self._products = products
        self._cancellations = cancellations

    async def cancel(self, order_id: UUID, owner: str | None) -> Order:
        """Cancel an order of `owner`, or of any caller without one. Raises ``OrderUnknown``, ``TooLate``."""
        order = await self._cancellations.begin_cancellation(order_id, owner)
        if order.status == CANCELLED:
            return order
        try:
            await self.settle(order_id)
        except (UpstreamUnavailable, DeadlineExceeded, ReservationUnknown) as error:
            log.warning("the goods of a cancelled order return later", orderId=str(order_id), exc_info=error)
            return order
        return order.model_copy(update={"status": CANCELLED})

    async def settle(self, order_id: UUID) -> None:
        """Return the goods of an order that is CANCELLING, and end its cancellation."""
        await self._products.take_back(order_id)
        if await self._cancellations.change_status(order_id, CANCELLING, CANCELLED):
            log.info("order cancelled", orderId=str(order_id))
