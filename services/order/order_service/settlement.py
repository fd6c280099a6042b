"""The second half of an order: its event has come back from the queue, so its goods are sold for good.

Reservations end by themselves after some time. Where that has happened before the event came, the goods may belong to
somebody else, and the order is cancelled.
"""

from collections.abc import Sequence
from uuid import UUID

import structlog

from order_service.events import Event
from order_service.model import CANCELLED, CONFIRMED
from order_service.ports import Products, Settlements
from shop_shared import tracing

log = structlog.get_logger(__name__)


class Settlement:
    def __init__(self, products: Products, settlements: Settlements) -> None:
        self._products = products
        self._settlements = settlements

    async def handle_all(self, events: Sequence[Event]) -> set[UUID]:
        """Straight from the outbox, where there is neither a topic nor a queue."""
        for event in events:
            with tracing.request_span(event.attributes, "order event"):
                await self.handle(event)
        return {event.event_id for event in events}

    async def handle(self, event: Event) -> None:
        if await self._settlements.is_settled(event.event_id, event.order_id):
            return
        sold = await self._products.confirm(event.order_id)
        order = await self._settlements.settle(event.event_id, event.order_id, CONFIRMED if sold else CANCELLED)
        if order is None:
            return
        log.info(
            "order confirmed" if sold else "order cancelled: its goods are no longer reserved",
            orderId=str(order.order_id),
            customerId=str(order.customer_id),
            total=str(order.total_amount),
        )
