"""Settles an order: confirms the reservation, and sets the order to CONFIRMED or CANCELLED.

Reservations expire. If the reservation expired before the event arrived, another customer may have the goods, so the
order is cancelled. A reservation that product does not know at all is different: its goods may have been sold, so the
order stays PENDING until an administrator has looked at it.
"""

from collections.abc import Sequence
from uuid import UUID

import structlog

from order_service.events import Event
from order_service.model import CANCELLED, CONFIRMED
from order_service.ports import Confirmations, Products
from shop_shared import tracing
from shop_shared.resilience import deadline

log = structlog.get_logger(__name__)

DIRECT_SECONDS = 5.0
"""`handle_all` runs inside the transaction that locks the events, which PostgreSQL ends when it is idle for 10 s."""


class ConfirmOrder:
    def __init__(self, products: Products, confirmations: Confirmations) -> None:
        self._products = products
        self._confirmations = confirmations

    async def handle_all(self, events: Sequence[Event]) -> set[UUID]:
        """Handle events directly from the outbox, for a service without a topic and a queue.

        Returns the ids of the handled ones. An event that fails does not block the others.
        """
        handled: set[UUID] = set()
        with deadline.within(DIRECT_SECONDS):
            for event in events:
                with tracing.request_span(event.attributes, "order event"):
                    try:
                        await self.handle(event)
                    except Exception as error:
                        log.warning("cannot settle the order yet", orderId=str(event.order_id), exc_info=error)
                    else:
                        handled.add(event.event_id)
        return handled

    async def handle(self, event: Event) -> None:
        if await self._confirmations.is_finished(event.event_id, event.order_id):
            return
        await self._confirm(event.order_id, event.event_id)

    async def settle(self, order_id: UUID) -> None:
        """Settle a pending order without its event. If the event arrives later, it changes nothing."""
        await self._confirm(order_id, None)

    async def _confirm(self, order_id: UUID, event_id: UUID | None) -> None:
        sold = await self._products.confirm(order_id)
        order = await self._confirmations.finish(order_id, CONFIRMED if sold else CANCELLED, event_id)
        if order is None:
            return
        log.info(
            "order confirmed" if sold else "order cancelled: its reservation has expired",
            orderId=str(order.order_id),
            customerId=str(order.customer_id),
            total=str(order.total_amount),
        )
