"""Users in PostgreSQL. The database decides whether an address is free: asking first would leave a gap for a second
asker.
"""

from datetime import UTC, datetime
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncEngine

from user_service.model import NewUser, User
from user_service.ports import EmailTaken
from user_service.tables import users

_UNIQUE_VIOLATION = "23505"


class PostgresUsers:
    def __init__(self, engine: AsyncEngine) -> None:
        self._engine = engine

    async def add(self, new: NewUser) -> User:
        insert = sa.insert(users).values(email=new.email, name=new.name).returning(users)
        try:
            async with self._engine.begin() as connection:
                return _user((await connection.execute(insert)).mappings().one())
        except IntegrityError as error:
            if getattr(error.orig, "sqlstate", None) == _UNIQUE_VIOLATION:
                raise EmailTaken from None
            raise

    async def find(self, user_id: UUID) -> User | None:
        async with self._engine.connect() as connection:
            query = sa.select(users).where(users.c.user_id == user_id)
            row = (await connection.execute(query)).mappings().one_or_none()
        return None if row is None else _user(row)


def _user(row: sa.RowMapping) -> User:
    # The column has no zone; sessions run in UTC.
    created_at: datetime = row[users.c.created_at]
    return User(**{**row, "created_at": created_at.replace(tzinfo=UTC)})
