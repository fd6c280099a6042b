"""Users in PostgreSQL.

Unique indexes decide whether an address is free and whether a subject has a user: a query first would allow a race.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from uuid import UUID

import sqlalchemy as sa
from psycopg.errors import UniqueViolation
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncEngine

from user_service.model import NewUser, User, UserChange
from user_service.ports import EmailTaken, SubjectTaken, UserUnknown, VersionPassed
from user_service.tables import users

_SUBJECT_INDEX = "users_subject_key"


class PostgresUsers:
    def __init__(self, engine: AsyncEngine) -> None:
        self._engine = engine

    async def add(self, new: NewUser, subject: str) -> User:
        insert = sa.insert(users).values(email=new.email, name=new.name, subject=subject).returning(users)
        with _unique():
            async with self._engine.begin() as connection:
                return _user((await connection.execute(insert)).mappings().one())

    async def find(self, user_id: UUID, owner: str | None) -> User | None:
        return await self._find(_owned(user_id, owner))

    async def find_by_subject(self, subject: str) -> User | None:
        return await self._find(users.c.subject == subject)

    async def page(self, limit: int, after: UUID | None) -> list[User]:
        # Sorted by id: the order is stable, and the primary key is its index.
        query = sa.select(users).order_by(users.c.user_id).limit(limit)
        if after:
            query = query.where(users.c.user_id > after)
        async with self._engine.connect() as connection:
            return [_user(row) for row in (await connection.execute(query)).mappings()]

    async def change(
        self, user_id: UUID, owner: str | None, change: UserChange, versions: frozenset[int] | None
    ) -> User:
        update = (
            sa.update(users)
            .where(_owned(user_id, owner))
            .values(**change.model_dump(exclude_unset=True), version=users.c.version + 1)
            .returning(users)
        )
        if versions is not None:
            update = update.where(users.c.version.in_(versions))
        with _unique():
            async with self._engine.begin() as connection:
                row = (await connection.execute(update)).mappings().one_or_none()
        if row is not None:
            return _user(row)
        raise UserUnknown if await self.find(user_id, owner) is None else VersionPassed

    async def _find(self, condition: sa.ColumnElement[bool]) -> User | None:
        async with self._engine.connect() as connection:
            row = (await connection.execute(sa.select(users).where(condition))).mappings().one_or_none()
        return None if row is None else _user(row)


def _owned(user_id: UUID, owner: str | None) -> sa.ColumnElement[bool]:
    found = users.c.user_id == user_id
    return found if owner is None else sa.and_(found, users.c.subject == owner)


@contextmanager
def _unique() -> Iterator[None]:
    try:
        yield
    except IntegrityError as error:
        if not isinstance(error.orig, UniqueViolation):
            raise
        raise (SubjectTaken if error.orig.diag.constraint_name == _SUBJECT_INDEX else EmailTaken) from None


def _user(row: sa.RowMapping) -> User:
    # The column has no time zone; sessions use UTC.
    created_at: datetime = row[users.c.created_at]
    return User(**{**row, "created_at": created_at.replace(tzinfo=UTC)})
