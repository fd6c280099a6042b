"""What the routes need from whatever keeps the users."""

from typing import Protocol
from uuid import UUID

from user_service.model import NewUser, User


class EmailTaken(Exception):
    """Another user has this address."""


class Users(Protocol):
    async def add(self, new: NewUser) -> User:
        """Raises ``EmailTaken``."""
        ...

    async def find(self, user_id: UUID) -> User | None: ...
