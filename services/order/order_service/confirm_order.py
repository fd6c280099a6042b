"""Handles an order's event: confirms the reservation, and sets the order to CONFIRMED or CANCELLED.

Reservations expire. If the reservation expired before the event arrived, another customer may have the goods, so the
order is cancelled.
"""

from collections.abc import Sequence
from uuid import UUID

import structlog

from order_service.events import Event
from order_service.model import CANCELLED, CONFIRMED
from order_service.ports import Confirmations, Products
from shop_shared import tracing

log = structlog.get_logger(__name__)


class ConfirmOrder:
    def __init__(self, products: Products, confirmations: Confirmations) -> None:
        self._products = products
        self._confirmations = confirmations

    async def handle_all(self, events: Sequence[Event]) -> set[UUID]:
        """Handle events directly from the outbox, for a service without a topic and a queue."""
        for event in events:
            with tracing.request_span(event.attributes, "order event"):
                await self.handle(event)
        return {event.event_id for event in events}

    async def handle(self, event: Event) -> None:
        if await self._confirmations.is_finished(event.event_id, event.order_id):
            return
        sold = await self._products.confirm(event.order_id)
        order = await self._confirmations.finish(event.event_id, event.order_id, CONFIRMED if sold else CANCELLED)
        if order is None:
            return
        log.info(
            "order confirmed" if sold else "order cancelled: its reservation has expired",
            orderId=str(order.order_id),
            customerId=str(order.customer_id),
            total=str(order.total_amount),
        )
