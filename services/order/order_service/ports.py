"""What placing an order needs from the outside, and the ways in which the outside can refuse."""

from dataclasses import dataclass
from decimal import Decimal
from typing import Protocol
from uuid import UUID

from order_service.model import NewOrder, Order


class CustomerUnknown(Exception):
    """The user service has no such user."""


@dataclass
class ProductUnknown(Exception):
    """The product service has no such product."""

    product_id: UUID


@dataclass
class OutOfStock(Exception):
    """Fewer are left than were ordered."""

    product_id: UUID


@dataclass
class UpstreamUnavailable(Exception):
    """Another service does not answer, or not in the way it should; it may still have done what was asked."""

    service: str


class CommitUnknown(Exception):
    """The connection broke while the transaction was being committed: it may be stored, or not."""


class NotCommitted(Exception):
    """The connection broke while committing, and a look showed that nothing was stored."""


class Users(Protocol):
    async def require(self, user_id: UUID) -> None:
        """Raises ``CustomerUnknown``, ``UpstreamUnavailable``."""
        ...


class Products(Protocol):
    """Reservations are made, put back and settled under the id of the order; each call may be repeated."""

    async def price(self, product_id: UUID) -> Decimal:
        """Raises ``ProductUnknown``, ``UpstreamUnavailable``."""
        ...

    async def reserve(self, product_id: UUID, quantity: int, order_id: UUID) -> None:
        """Raises ``OutOfStock``, ``ProductUnknown``, ``UpstreamUnavailable``."""
        ...

    async def put_back(self, product_id: UUID, order_id: UUID) -> None: ...

    async def settle(self, product_id: UUID, order_id: UUID) -> None: ...


class Orders(Protocol):
    async def add(self, new: NewOrder) -> Order:
        """One transaction: all of it or nothing. Raises ``CommitUnknown`` when it cannot be told which."""
        ...

    async def find(self, order_id: UUID) -> Order | None: ...
