"""Takes events from the queue and has them handled: any number of times each, with the effect of one.

A message is deleted only after it has been handled. One that cannot be handled stays: it is shown again when its
visibility time-out is over, and goes to the dead letter queue when it has been shown too often. An outage is not the
message's fault, so nothing is taken from the queue until what was away answers again.
"""

import asyncio
from collections.abc import Awaitable, Callable

import structlog
from opentelemetry.trace import SpanKind
from prometheus_client import Counter

from order_service import events
from order_service.event_queue import Message, Queue
from order_service.ports import OrderUnknown
from shop_shared import tracing
from shop_shared.resilience import deadline

log = structlog.get_logger(__name__)

HANDLING_SECONDS = 15.0
"""Below the visibility time-out of the queue: what takes longer would be handled twice at once."""

CONSUMED = Counter("order_events_consumed_total", "Events taken from the queue", ["result"])

Handle = Callable[[events.Event], Awaitable[None]]


class Consumer:
    def __init__(self, queue: Queue, handle: Handle, able: Callable[[], Awaitable[None]]) -> None:
        """`able` raises as long as something is away that handling needs."""
        self._queue = queue
        self._handle = handle
        self._able = able
        self._outage = False

    async def step(self) -> bool:
        if self._outage:
            await self._able()
            self._outage = False
        messages = await self._queue.receive()
        results = await asyncio.gather(*map(self._one, messages), return_exceptions=True)
        await self._queue.delete([m for m, result in zip(messages, results, strict=True) if result is None])
        for failure in (result for result in results if isinstance(result, BaseException)):
            if not isinstance(failure, events.NotAnEvent | OrderUnknown):
                self._outage = True
                raise failure
        return True  # waiting is what receiving does

    async def _one(self, message: Message) -> None:
        try:
            event = events.parse(message.body, message.attributes)
        except events.NotAnEvent:
            CONSUMED.labels("poison").inc()
            log.exception("a message is no event; it goes to the dead letter queue", messageId=message.id)
            raise
        with tracing.request_span(event.attributes, "order event", SpanKind.CONSUMER):
            try:
                with deadline.within(HANDLING_SECONDS):
                    await self._handle(event)
            except OrderUnknown:
                CONSUMED.labels("poison").inc()
                log.error("no such order; the message goes to the dead letter queue", orderId=str(event.order_id))  # noqa: TRY400  (known cause)
                raise
            except Exception:
                CONSUMED.labels("failed").inc()
                raise
        CONSUMED.labels("handled").inc()
