"""Publishes the events of the outbox at least once. It keeps the sequence of events of one order.

An event leaves the outbox only after SNS has accepted it. A process that dies in between, or a lost answer, causes a
second publication. No failure loses an event.
"""

from collections.abc import Awaitable, Callable, Collection, Sequence
from uuid import UUID

import structlog
from prometheus_client import Counter

from order_service.events import Event
from order_service.outbox import PostgresOutbox
from shop_shared import tracing

log = structlog.get_logger(__name__)

BATCH = 10
"""The maximum of one SNS call."""

PUBLISHED = Counter("order_events_published_total", "Published events")

Publish = Callable[[Sequence[Event]], Awaitable[Collection[UUID]]]
"""Publishes events and returns the ids of the accepted ones."""


class Relay:
    def __init__(self, outbox: PostgresOutbox, publish: Publish) -> None:
        self._outbox = outbox
        self._publish = publish

    async def step(self) -> bool:
        async with self._outbox.batch(BATCH) as batch:
            if batch.events:
                accepted = await self._publish(batch.events)
                await batch.delete(accepted)
                await batch.postpone({event.event_id for event in batch.events}.difference(accepted))
                self._log_published([event for event in batch.events if event.event_id in accepted])
        return bool(batch.events)

    @staticmethod
    def _log_published(published: Sequence[Event]) -> None:
        PUBLISHED.inc(len(published))
        for event in published:
            with tracing.request_span(event.attributes, record=False):
                log.info("event published", eventId=str(event.event_id), orderId=str(event.order_id))
