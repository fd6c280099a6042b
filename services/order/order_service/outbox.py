"""The transactional outbox: events that are not published yet, written in the same transaction as their order."""

from collections.abc import AsyncIterator, Collection, Sequence
from contextlib import asynccontextmanager
from uuid import UUID, uuid4

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from order_service import events
from order_service.model import Order
from order_service.tables import outbox
from shop_shared import tracing

MAX_DOUBLINGS = 6
"""An event that SNS rejects is retried after 1 s, 2 s, 4 s, … 64 s."""


async def put(connection: AsyncConnection, order: Order) -> None:
    """Add the order's event, in the transaction that stores the order."""
    headers: dict[str, str] = {}
    tracing.inject(headers)
    event = {
        "event_id": uuid4(),
        "order_id": order.order_id,
        "body": events.body(order),
        "traceparent": headers.get("traceparent"),
    }
    await connection.execute(sa.insert(outbox), event)


class PostgresOutbox:
    def __init__(self, engine: AsyncEngine) -> None:
        self._engine = engine

    @asynccontextmanager
    async def batch(self, limit: int) -> AsyncIterator["Batch"]:
        """Yield a batch of events, locked until the end of the block.

        Other pods take other events. If this process dies, they take these too.
        """
        earlier = outbox.alias("earlier")
        blocked = sa.exists().where(earlier.c.order_id == outbox.c.order_id, earlier.c.position < outbox.c.position)
        query = (
            sa.select(outbox.c.event_id, outbox.c.order_id, outbox.c.body, outbox.c.traceparent)
            .where(outbox.c.due_at <= sa.func.now(), ~blocked)
            .order_by(outbox.c.position)
            .limit(limit)
            .with_for_update(skip_locked=True)
        )
        async with self._engine.begin() as connection:
            rows = (await connection.execute(query)).mappings()
            yield Batch(connection, [events.Event(**row) for row in rows])


class Batch:
    """Events of different orders: of each order only the oldest unpublished one."""

    def __init__(self, connection: AsyncConnection, waiting: Sequence[events.Event]) -> None:
        self._connection = connection
        self.events = waiting

    async def delete(self, event_ids: Collection[UUID]) -> None:
        """Remove published events."""
        await self._connection.execute(sa.delete(outbox).where(outbox.c.event_id.in_(event_ids)))

    async def postpone(self, event_ids: Collection[UUID]) -> None:
        """Delay the next attempt exponentially, so that an event that SNS never accepts does not block the others."""
        seconds = sa.func.power(2, sa.func.least(outbox.c.attempts, MAX_DOUBLINGS))
        due = sa.func.now() + seconds * sa.text("interval '1 second'")
        update = sa.update(outbox).where(outbox.c.event_id.in_(event_ids))
        await self._connection.execute(update.values(attempts=outbox.c.attempts + 1, due_at=due))
