"""Orders in PostgreSQL: an order and its items in one transaction."""

import asyncio
from datetime import UTC, datetime
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncEngine

from order_service.model import Item, NewOrder, Order
from order_service.ports import CommitUnknown
from order_service.tables import order_items, orders

PENDING = "PENDING"
"""Stored and reserved; what comes after (payment, delivery) is not part of this service yet."""


class PostgresOrders:
    def __init__(self, engine: AsyncEngine) -> None:
        self._engine = engine

    async def add(self, new: NewOrder) -> Order:
        order = sa.insert(orders).returning(orders)
        async with self._engine.connect() as connection:
            values = {
                "order_id": new.order_id,
                "customer_id": new.customer_id,
                "total_amount": new.total_amount,
                "status": PENDING,
            }
            row = (await connection.execute(order, values)).mappings().one()
            await connection.execute(
                sa.insert(order_items), [{"order_id": new.order_id, **item.model_dump()} for item in new.items]
            )
            try:
                await connection.commit()
            except (DBAPIError, asyncio.CancelledError) as error:
                # Cancelled: the process must go, and the COMMIT may be under way all the same.
                raise CommitUnknown from error
        return _order(row, new.items)

    async def find(self, order_id: UUID) -> Order | None:
        async with self._engine.connect() as connection:
            query = sa.select(orders).where(orders.c.order_id == order_id)
            row = (await connection.execute(query)).mappings().one_or_none()
            if row is None:
                return None
            columns = (order_items.c.product_id, order_items.c.quantity, order_items.c.unit_price)
            of_order = sa.select(*columns).where(order_items.c.order_id == order_id).order_by(order_items.c.product_id)
            items = [Item(**item) for item in (await connection.execute(of_order)).mappings()]
        return _order(row, items)


def _order(row: sa.RowMapping, items: list[Item]) -> Order:
    fields = dict(row)
    # The article's columns have no zone; sessions run in UTC.
    for column in ("created_at", "updated_at"):
        moment: datetime = fields[column]
        fields[column] = moment.replace(tzinfo=UTC)
    return Order(**fields, items=items)
