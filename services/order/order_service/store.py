"""Orders in PostgreSQL: queries, and the status changes of placed orders."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from order_service.backlog import Backlog
from order_service.model import CANCELLED, CANCELLING, CONFIRMED, PENDING, Item, Order
from order_service.ports import OrderUnknown, TooLate
from order_service.tables import inbox, order_items, orders, outbox
from shop_shared import retention

_NOW = sa.cast(sa.func.now(), sa.DateTime)
"""In UTC and without a time zone, like the article's columns."""

Query = sa.Select[*tuple[Any, ...]]


class PostgresOrders:
    def __init__(self, engine: AsyncEngine, currency: str) -> None:
        self._engine = engine
        self._currency = currency

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

    async def finish(self, order_id: UUID, status: str, event_id: UUID | None) -> Order | None:
        handled = insert(inbox).values(event_id=event_id).on_conflict_do_nothing().returning(inbox.c.event_id)
        change = (
            sa.update(orders)
            .where(orders.c.order_id == order_id, orders.c.status == PENDING)
            .values(status=status, updated_at=sa.func.now())
            .returning(orders)
        )
        async with self._engine.begin() as connection:
            if event_id and (await connection.execute(handled)).one_or_none() is None:
                return None
            row = (await connection.execute(change)).mappings().one_or_none()
        return None if row is None else order(row, [], self._currency)

    async def older_than(
        self, age: timedelta, status: str, limit: int, after: tuple[datetime, UUID] | None
    ) -> Sequence[tuple[datetime, UUID]]:
        key = sa.tuple_(orders.c.created_at, orders.c.order_id)
        query = (
            sa.select(orders.c.created_at, orders.c.order_id)
            .where(orders.c.status == status, orders.c.created_at < _NOW - age)
            .order_by(orders.c.created_at, orders.c.order_id)
            .limit(limit)
        )
        if after is not None:
            query = query.where(key > sa.tuple_(*map(sa.literal, after)))
        async with self._engine.connect() as connection:
            return [(created_at, order_id) for created_at, order_id in await connection.execute(query)]

    async def begin_cancellation(self, order_id: UUID, owner: str | None) -> Order:
        begin = (
            sa.update(orders)
            .where(
                orders.c.order_id == order_id,
                orders.c.status.in_((PENDING, CONFIRMED)),
                orders.c.created_at > _NOW - retention.CANCELLATION,
                sa.true() if owner is None else orders.c.subject == owner,
            )
            .values(status=CANCELLING, updated_at=sa.func.now())
        )
        async with self._engine.begin() as connection:
            await connection.execute(begin)
        found = await self.find(order_id, owner)
        if found is None:
            raise OrderUnknown
        if found.status not in {CANCELLING, CANCELLED}:
            raise TooLate
        return found

    async def change_status(self, order_id: UUID, previous: str, status: str) -> bool:
        change = (
            sa.update(orders)
            .where(orders.c.order_id == order_id, orders.c.status == previous)
            .values(status=status, updated_at=sa.func.now())
        )
        async with self._engine.begin() as connection:
            return (await connection.execute(change)).rowcount == 1

    async def backlog(self) -> Backlog:
        """Measure what waits. Every part uses an index, but for the count of the outbox, which is small or an alarm."""
        pending = sa.select(sa.func.min(orders.c.created_at)).where(orders.c.status == PENDING).scalar_subquery()
        # An event is as old as its order: both are written in one transaction.
        oldest = (
            sa.select(orders.c.created_at)
            .join(outbox, outbox.c.order_id == orders.c.order_id)
            .order_by(outbox.c.position)
            .limit(1)
            .scalar_subquery()
        )
        waiting = sa.select(sa.func.count()).select_from(outbox).scalar_subquery()
        async with self._engine.connect() as connection:
            row = (await connection.execute(sa.select(_NOW - pending, waiting, _NOW - oldest))).one()
        return Backlog(_seconds(row[0]), row[1], _seconds(row[2]))

    async def _read(self, query: Query) -> list[Order]:
        async with self._engine.connect() as connection:
            rows = (await connection.execute(query)).mappings().all()
            items = await _items(connection, [row["order_id"] for row in rows])
        return [order(row, items[row["order_id"]], self._currency) for row in rows]


def _visible(query: Query, owner: str | None) -> Query:
    return query if owner is None else query.where(orders.c.subject == owner)


async def _items(connection: AsyncConnection, order_ids: Sequence[UUID]) -> dict[UUID, list[Item]]:
    columns = (order_items.c.order_id, order_items.c.product_id, order_items.c.quantity, order_items.c.unit_price)
    query = sa.select(*columns).where(order_items.c.order_id.in_(order_ids)).order_by(order_items.c.product_id)
    found: dict[UUID, list[Item]] = defaultdict(list)
    for order_id, *item in await connection.execute(query):
        found[order_id].append(Item(product_id=item[0], quantity=item[1], unit_price=item[2]))
    return found


def _seconds(age: timedelta | None) -> float:
    return 0.0 if age is None else age.total_seconds()


def order(row: sa.RowMapping, items: Iterable[Item], currency: str) -> Order:
    fields = dict(row)
    # The article's columns have no time zone; sessions use UTC.
    for column in ("created_at", "updated_at"):
        moment: datetime = fields[column]
        fields[column] = moment.replace(tzinfo=UTC)
    return Order(**fields, items=list(items), currency=currency)
