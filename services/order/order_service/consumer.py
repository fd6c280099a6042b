"""Consumes events from the queue at least once, with the effect of exactly one.

A message is deleted only after it is handled. A message that cannot be handled becomes visible again after its
visibility timeout, and moves to the dead letter queue after too many receives. An outage is not the message's fault:
the consumer receives nothing until the failed dependency answers again.
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
"""Shorter than the visibility timeout of the queue: a slower handler would run twice at the same time."""

CONSUMED = Counter("order_events_consumed_total", "Events consumed from the queue", ["result"])

Handle = Callable[[events.Event], Awaitable[None]]


class Consumer:
    def __init__(self, queue: Queue, handle: Handle, check_dependencies: Callable[[], Awaitable[None]]) -> None:
        """`check_dependencies` raises while a service that `handle` needs is unavailable."""
        self._queue = queue
        self._handle = handle
        self._check_dependencies = check_dependencies
        self._outage = False

    async def step(self) -> bool:
        if self._outage:
            await self._check_dependencies()
            self._outage = False
        messages = await self._queue.receive()
        results = await asyncio.gather(*map(self._consume, messages), return_exceptions=True)
        await self._queue.delete([m for m, result in zip(messages, results, strict=True) if result is None])
        for failure in (result for result in results if isinstance(result, BaseException)):
            if not isinstance(failure, events.NotAnEvent | OrderUnknown):
                self._outage = True
                raise failure
        return True  # receive() waits for messages, so the loop needs no pause

    async def _consume(self, message: Message) -> None:
        try:
            event = events.parse(message.body, message.attributes)
        except events.NotAnEvent:
            CONSUMED.labels("poison").inc()
            log.exception("the message is not an event; it moves to the dead letter queue", messageId=message.id)
            raise
        with tracing.request_span(event.attributes, "order event", SpanKind.CONSUMER):
            try:
                with deadline.within(HANDLING_SECONDS):
                    await self._handle(event)
            except OrderUnknown:
                CONSUMED.labels("poison").inc()
                log.error("unknown order; the message moves to the dead letter queue", orderId=str(event.order_id))  # noqa: TRY400  (known cause)
                raise
            except Exception:
                CONSUMED.labels("failed").inc()
                raise
        CONSUMED.labels("handled").inc()
