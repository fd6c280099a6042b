"""Orders in PostgreSQL: queries, and the status changes of placed orders."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from order_service.model import PENDING, Item, Order
from order_service.ports import OrderUnknown
from order_service.tables import inbox, order_items, orders

Query = sa.Select[*tuple[Any, ...]]


class PostgresOrders:
    def __init__(self, engine: AsyncEngine) -> None:
        self._engine = engine

    async def find(self, order_id: UUID, owner: str | None) -> Order | None:
        found = await self._read(_visible(sa.select(orders).where(orders.c.order_id == order_id), owner))
        return found[0] if found else None

    async def page(
        self, customer_id: UUID, owner: str | None, limit: int, before: tuple[datetime, UUID] | None
    ) -> tuple[list[Order], bool]:
        query = _visible(sa.select(orders).where(orders.c.customer_id == customer_id), owner)
        if before is not None:
            moment, order_id = before
            key = sa.tuple_(orders.c.created_at, orders.c.order_id)
            query = query.where(key < sa.tuple_(sa.literal(moment.replace(tzinfo=None)), sa.literal(order_id)))
        newest = query.order_by(orders.c.created_at.desc(), orders.c.order_id.desc())
        found = await self._read(newest.limit(limit + 1))
        return found[:limit], len(found) > limit

    async def is_finished(self, event_id: UUID, order_id: UUID) -> bool:
        handled = sa.exists().where(inbox.c.event_id == event_id)
        async with self._engine.connect() as connection:
            query = sa.select(orders.c.status, handled).where(orders.c.order_id == order_id)
            row = (await connection.execute(query)).one_or_none()
        if row is None:
            raise OrderUnknown
        status, is_handled = row
        return bool(is_handled) or status != PENDING

    async def finish(self, event_id: UUID, order_id: UUID, status: str) -> Order | None:
        handled = insert(inbox).values(event_id=event_id).on_conflict_do_nothing().returning(inbox.c.event_id)
        change = (
            sa.update(orders)
            .where(orders.c.order_id == order_id, orders.c.status == PENDING)
            .values(status=status, updated_at=sa.func.now())
            .returning(orders)
        )
        async with self._engine.begin() as connection:
            if (await connection.execute(handled)).one_or_none() is None:
                return None
            row = (await connection.execute(change)).mappings().one_or_none()
        return None if row is None else order(row, [])

    async def _read(self, query: Query) -> list[Order]:
        async with self._engine.connect() as connection:
            rows = (await connection.execute(query)).mappings().all()
            items = await _items(connection, [row["order_id"] for row in rows])
        return [order(row, items[row["order_id"]]) for row in rows]


def _visible(query: Query, owner: str | None) -> Query:
    return query if owner is None else query.where(orders.c.subject == owner)


async def _items(connection: AsyncConnection, order_ids: Sequence[UUID]) -> dict[UUID, list[Item]]:
    columns = (order_items.c.order_id, order_items.c.product_id, order_items.c.quantity, order_items.c.unit_price)
    query = sa.select(*columns).where(order_items.c.order_id.in_(order_ids)).order_by(order_items.c.product_id)
    found: dict[UUID, list[Item]] = defaultdict(list)
    for order_id, *item in await connection.execute(query):
        found[order_id].append(Item(product_id=item[0], quantity=item[1], unit_price=item[2]))
    return found


def order(row: sa.RowMapping, items: Iterable[Item]) -> Order:
    fields = dict(row)
    # The article's columns have no time zone; sessions use UTC.
    for column in ("created_at", "updated_at"):
        moment: datetime = fields[column]
        fields[column] = moment.replace(tzinfo=UTC)
    return Order(**fields, items=list(items))
