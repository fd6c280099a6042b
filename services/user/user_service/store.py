"""Users in PostgreSQL. A unique index decides whether an address is free: a query first would allow a race."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncEngine

from user_service.model import NewUser, User, UserChange
from user_service.ports import EmailTaken, UserUnknown, VersionPassed
from user_service.tables import users

_UNIQUE_VIOLATION = "23505"


class PostgresUsers:
    def __init__(self, engine: AsyncEngine) -> None:
        self._engine = engine

    async def add(self, new: NewUser) -> User:
        insert = sa.insert(users).values(email=new.email, name=new.name).returning(users)
        with _unique_address():
            async with self._engine.begin() as connection:
                return _user((await connection.execute(insert)).mappings().one())

    async def find(self, user_id: UUID) -> User | None:
        async with self._engine.connect() as connection:
            query = sa.select(users).where(users.c.user_id == user_id)
            row = (await connection.execute(query)).mappings().one_or_none()
        return None if row is None else _user(row)

    async def page(self, limit: int, after: UUID | None) -> list[User]:
        # Sorted by id: the order is stable, and the primary key is its index.
        query = sa.select(users).order_by(users.c.user_id).limit(limit)
        if after:
            query = query.where(users.c.user_id > after)
        async with self._engine.connect() as connection:
            return [_user(row) for row in (await connection.execute(query)).mappings()]

    async def change(self, user_id: UUID, change: UserChange, versions: frozenset[int] | None) -> User:
        update = (
            sa.update(users)
            .where(users.c.user_id == user_id)
            .values(**change.model_dump(exclude_unset=True), version=users.c.version + 1)
            .returning(users)
        )
        if versions is not None:
            update = update.where(users.c.version.in_(versions))
        with _unique_address():
            async with self._engine.begin() as connection:
                row = (await connection.execute(update)).mappings().one_or_none()
        if row is not None:
            return _user(row)
        raise UserUnknown if await self.find(user_id) is None else VersionPassed


@contextmanager
def _unique_address() -> Iterator[None]:
    try:
        yield
    except IntegrityError as error:
        if getattr(error.orig, "sqlstate", None) == _UNIQUE_VIOLATION:
            raise EmailTaken from None
        raise


def _user(row: sa.RowMapping) -> User:
    # The column has no time zone; sessions use UTC.
    created_at: datetime = row[users.c.created_at]
    return User(**{**row, "created_at": created_at.replace(tzinfo=UTC)})
