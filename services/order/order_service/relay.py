"""Publishes what waits in the outbox: at least once, and the events of one order in their order.

An event leaves the outbox only after it has been taken. A process that is killed in between, or an answer that is lost,
publishes it twice; nothing can make it never.
"""

from collections.abc import Awaitable, Callable, Collection, Sequence
from uuid import UUID

import structlog
from prometheus_client import Counter, Gauge

from order_service.events import Event
from order_service.outbox import PostgresOutbox
from shop_shared import tracing

log = structlog.get_logger(__name__)

BATCH = 10
"""As many as SNS takes in one call."""

PUBLISHED = Counter("order_events_published_total", "Events that have been published")
WAITING = Gauge("order_events_waiting", "Events in the outbox, which are not published yet")

Publish = Callable[[Sequence[Event]], Awaitable[Collection[UUID]]]
"""The ids of those that have been taken."""


class Relay:
    def __init__(self, outbox: PostgresOutbox, publish: Publish) -> None:
        self._outbox = outbox
        self._publish = publish

    async def step(self) -> bool:
        async with self._outbox.batch(BATCH) as batch:
            if batch.events:
                taken = await self._publish(batch.events)
                await batch.published(taken)
                await batch.refused({event.event_id for event in batch.events}.difference(taken))
                self._note([event for event in batch.events if event.event_id in taken])
        WAITING.set(await self._outbox.waiting())
        return bool(batch.events)

    @staticmethod
    def _note(published: Sequence[Event]) -> None:
        PUBLISHED.inc(len(published))
        for event in published:
            with tracing.request_span(event.attributes, record=False):
                log.info("event published", eventId=str(event.event_id), orderId=str(event.order_id))
