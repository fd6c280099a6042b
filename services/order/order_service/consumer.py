"""Consumes events from the queue at least once, with the effect of exactly one.

A message is deleted only after it is handled. A message that nothing can handle is received again soon, and moves to
the dead letter queue after too many receives.

An outage is not the message's fault, and SQS counts every receive. So after a failure, the consumer

    waits           until a read that touches the databases of both services succeeds
    tries one       message, because writes may still fail while reads succeed
    continues       with full batches after that message was handled

A message that failed stays invisible for a time that doubles with each receive. With the queue's `maxReceiveCount`, it
survives an outage of many hours.
"""

import asyncio
from collections.abc import Awaitable, Callable

import structlog
from opentelemetry.trace import SpanKind
from prometheus_client import Counter

from order_service import events
from order_service.event_queue import BATCH, Message, Queue
from order_service.ports import OrderUnknown, ReservationUnknown
from shop_shared import tracing
from shop_shared.resilience import deadline

log = structlog.get_logger(__name__)

HANDLING_SECONDS = 15.0
"""Shorter than the visibility timeout of the queue: a slower handler would run twice at the same time."""
POISON_RETRY_SECONDS = 2
MAX_DOUBLINGS = 4
"""A message that failed is received again after 1, 2, 4, 8 and at most 16 times `retry_seconds`."""

CONSUMED = Counter("order_events_consumed_total", "Events consumed from the queue", ["result"])

POISON = (events.NotAnEvent, OrderUnknown, ReservationUnknown)
"""The message's own fault: waiting does not help."""

Handle = Callable[[events.Event], Awaitable[None]]


class Consumer:
    def __init__(
        self,
        queue: Queue,
        handle: Handle,
        check_dependencies: Callable[[], Awaitable[None]],
        retry_seconds: int,
    ) -> None:
        """`check_dependencies` raises while a service or a database that `handle` needs is unavailable."""
        self._queue = queue
        self._handle = handle
        self._check_dependencies = check_dependencies
        self._retry_seconds = retry_seconds
        self._outage = False

    async def step(self) -> bool:
        if self._outage:
            await self._check_dependencies()
        messages = await self._queue.receive(1 if self._outage else BATCH)
        results = await asyncio.gather(*map(self._consume, messages), return_exceptions=True)
        failed = {m.id: error for m, error in zip(messages, results, strict=True) if error is not None}
        outages = [error for error in failed.values() if not isinstance(error, POISON)]
        handled = [message for message in messages if message.id not in failed]
        self._outage = bool(outages) or (self._outage and not handled)
        await self._queue.delete(handled)
        await self._queue.hide({m: self._delay(m, failed[m.id]) for m in messages if m.id in failed})
        if outages:
            raise outages[0]
        return True  # receive() waits for messages, so the loop needs no pause

    def _delay(self, message: Message, error: BaseException) -> int:
        if isinstance(error, POISON):
            return POISON_RETRY_SECONDS
        return self._retry_seconds * int(2 ** min(message.receives - 1, MAX_DOUBLINGS))

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
            except POISON as error:
                CONSUMED.labels("poison").inc()
                log.error(  # noqa: TRY400  (known cause)
                    "unknown order or reservation; the message moves to the dead letter queue",
                    orderId=str(event.order_id),
                    error=type(error).__name__,
                )
                raise
            except Exception:
                CONSUMED.labels("failed").inc()
                raise
        CONSUMED.labels("handled").inc()
