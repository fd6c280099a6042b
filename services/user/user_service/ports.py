"""The interface of the store, with the errors that it raises."""

from typing import Protocol
from uuid import UUID

from user_service.model import NewUser, User, UserChange


class EmailTaken(Exception):
    """Another user has this address."""


class UserUnknown(Exception):
    """There is no such user."""


class VersionPassed(Exception):
    """The user has changed since the caller read it."""


class Users(Protocol):
    async def add(self, new: NewUser) -> User:
        """Raises ``EmailTaken``."""
        ...

    async def find(self, user_id: UUID) -> User | None: ...

    async def page(self, limit: int, after: UUID | None) -> list[User]:
        """Return users, sorted by id."""
        ...

    async def change(self, user_id: UUID, change: UserChange, versions: frozenset[int] | None) -> User:
        """Change the user if its version is one of `versions`; with ``None``, any version will do.

        Raises ``UserUnknown``, ``VersionPassed``, ``EmailTaken``.
        """
        ...
