"""Placements in PostgreSQL: the state of the saga, its idempotency keys, and the transaction that ends it.

    OPEN ──store──► STORED      with the order, its items and its event, in one transaction
    OPEN ──give up──► RELEASING ──forget──► (no row)

`due_at` is the time when recovery takes over. An OPEN placement is due when no request can still be working on it, a
RELEASING one when the last attempt must have ended. A STORED placement is deleted then, which frees its key.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncEngine

from order_service import outbox, store
from order_service.model import PENDING, NewOrder, Order
from order_service.ports import InProgress, KeyReused, PlacementLost
from order_service.tables import inbox, order_items, orders, placements
from shop_shared import retention

OPEN, RELEASING, STORED = "OPEN", "RELEASING", "STORED"
PURGE_BATCH = 1000
"""A longer backlog is deleted in several statements, because each has a time limit."""


class PostgresPlacements:
    def __init__(self, engine: AsyncEngine, lease_seconds: float, currency: str) -> None:
        self._engine = engine
        # A single statement is its own transaction: it needs no BEGIN and no COMMIT.
        self._single = engine.execution_options(isolation_level="AUTOCOMMIT")
        self._lease = timedelta(seconds=lease_seconds)
        self._currency = currency

    async def begin(self, order_id: UUID, fingerprint: str, key: str | None) -> Order | None:
        placement = {
            "order_id": order_id,
            "idempotency_key": key,
            "fingerprint": fingerprint,
            "state": OPEN,
            "due_at": _later(self._lease),
        }
        new = insert(placements).values(placement).on_conflict_do_nothing(index_elements=["idempotency_key"])
        earlier = sa.select(placements).where(placements.c.idempotency_key == key)
        async with self._single.connect() as connection:
            if (await connection.execute(new.returning(placements.c.order_id))).one_or_none():
                return None
            found = (await connection.execute(earlier)).mappings().one_or_none()
        if found is None:
            raise InProgress  # it ended between the two statements
        if found["fingerprint"] != fingerprint:
            raise KeyReused
        if found["state"] != STORED:
            raise InProgress
        return self._parse(found["answer"])

    async def store(self, new: NewOrder) -> Order:
        head = {
            "order_id": new.order_id,
            "customer_id": new.customer_id,
            "subject": new.subject,
            "total_amount": new.total_amount,
            "status": PENDING,
        }
        items = [{"order_id": new.order_id, **item.model_dump()} for item in new.items]
        async with self._engine.begin() as connection:
            row = (await connection.execute(sa.insert(orders).returning(orders), head)).mappings().one()
            await connection.execute(sa.insert(order_items), items)
            order = store.order(row, new.items, self._currency)
            await outbox.put(connection, order)
            answer = order.model_dump(mode="json", by_alias=True)
            ended = self._move(new.order_id, OPEN).values(
                state=STORED, answer=answer, due_at=_later(retention.IDEMPOTENCY_KEYS)
            )
            if (await connection.execute(ended.returning(placements.c.order_id))).one_or_none() is None:
                raise PlacementLost
        return order

    async def give_up(self, order_id: UUID) -> Order | None:
        # Waits for a COMMIT in progress, which holds the lock of the row.
        given_up = self._move(order_id, OPEN).values(**self._released()).returning(placements.c.order_id)
        stored = sa.select(placements.c.answer).where(placements.c.order_id == order_id, placements.c.state == STORED)
        async with self._single.connect() as connection:
            if (await connection.execute(given_up)).one_or_none():
                return None
            answer = (await connection.execute(stored)).scalar_one_or_none()
        return None if answer is None else self._parse(answer)

    async def forget(self, order_id: UUID) -> None:
        unstored = sa.delete(placements).where(placements.c.order_id == order_id, placements.c.state != STORED)
        async with self._single.connect() as connection:
            await connection.execute(unstored)

    async def claim_overdue(self, limit: int) -> Sequence[UUID]:
        due = (
            sa.select(placements.c.order_id)
            .where(placements.c.state != STORED, placements.c.due_at < sa.func.now())
            .order_by(placements.c.due_at)
            .limit(limit)
            .with_for_update(skip_locked=True)
        )
        taken = sa.update(placements).where(placements.c.order_id.in_(due)).values(**self._released())
        async with self._single.connect() as connection:
            return list((await connection.execute(taken.returning(placements.c.order_id))).scalars())

    async def purge(self) -> bool:
        used = (placements.c.state == STORED, placements.c.due_at < sa.func.now())
        old = (inbox.c.handled_at < sa.func.now() - retention.HANDLED_EVENTS,)
        keys = sa.select(placements.c.order_id).where(*used).limit(PURGE_BATCH)
        events = sa.select(inbox.c.event_id).where(*old).limit(PURGE_BATCH)
        async with self._single.connect() as connection:
            purged = [
                (await connection.execute(sa.delete(placements).where(placements.c.order_id.in_(keys)))).rowcount,
                (await connection.execute(sa.delete(inbox).where(inbox.c.event_id.in_(events)))).rowcount,
            ]
        return max(purged) == PURGE_BATCH

    def _parse(self, answer: dict[str, object]) -> Order:
        # Answers of earlier versions have no currency.
        return Order.model_validate({"currency": self._currency, **answer})

    @staticmethod
    def _move(order_id: UUID, state: str) -> sa.Update:
        return sa.update(placements).where(placements.c.order_id == order_id, placements.c.state == state)

    def _released(self) -> dict[str, object]:
        """Free the key at once: this order can no longer be stored, so another order may use the key."""
        return {"state": RELEASING, "idempotency_key": None, "due_at": _later(self._lease)}


def _later(span: timedelta) -> sa.ColumnElement[datetime]:
    return sa.func.now() + span
