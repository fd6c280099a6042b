"""The interface of the store, with the errors that it raises."""

from typing import Protocol
from uuid import UUID

from user_service.model import NewUser, User, UserChange


class EmailTaken(Exception):
    """Another user has this address."""


class SubjectTaken(Exception):
    """The subject already has a user."""


class UserUnknown(Exception):
    """There is no such user, or the caller may not see it."""


class VersionPassed(Exception):
    """The user has changed since the caller read it."""


class Users(Protocol):
    async def add(self, new: NewUser, subject: str) -> User:
        """Add a user that belongs to this subject. Raises ``EmailTaken``, ``SubjectTaken``."""
        ...

    async def find(self, user_id: UUID, owner: str | None) -> User | None:
        """Return the user if it belongs to `owner`; with ``None``, it may belong to anybody."""
        ...

    async def find_by_subject(self, subject: str) -> User | None:
        """Return the user that belongs to this subject."""
        ...

    async def page(self, limit: int, after: UUID | None) -> list[User]:
        """Return users, sorted by id."""
        ...

    async def change(
        self, user_id: UUID, owner: str | None, change: UserChange, versions: frozenset[int] | None
    ) -> User:
        """Change the user if its version is one of `versions`; with ``None``, any version will do.

        `owner` is as in ``find``.

        Raises ``UserUnknown``, ``VersionPassed``, ``EmailTaken``.
        """
        ...
