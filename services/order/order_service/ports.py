"""What orders need from the outside, and the ways in which the outside can refuse.

Calls to other services raise what ``resilience.upstream`` does where those do not answer.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Protocol
from uuid import UUID

from order_service.model import NewOrder, Order, WantedItem


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


class OrderUnknown(Exception):
    """There is no such order."""


class KeyReused(Exception):
    """The request key was sent before, with another order."""


class InProgress(Exception):
    """The request with this key is still at work, or what it left behind is being put back."""


class PlacementLost(Exception):
    """It took so long that the reservation has been put back meanwhile; nothing was stored."""


class Users(Protocol):
    async def require(self, user_id: UUID) -> None:
        """Raises ``CustomerUnknown``."""
        ...


class Products(Protocol):
    """Reservations are made under the id of the order; each call may be repeated."""

    async def reserve(self, order_id: UUID, items: Sequence[WantedItem]) -> Mapping[UUID, Decimal]:
        """All or nothing; the prices. Raises ``OutOfStock``, ``ProductUnknown``."""
        ...

    async def confirm(self, order_id: UUID) -> bool:
        """The goods are sold. False: they are no longer reserved."""
        ...

    async def release(self, order_id: UUID) -> None:
        """Put back what was reserved, and let nothing be reserved under this id later on."""
        ...

    async def reachable(self) -> None:
        """Returns when the service answers at all."""
        ...


class Orders(Protocol):
    async def find(self, order_id: UUID) -> Order | None: ...

    async def page(
        self, customer_id: UUID, limit: int, before: tuple[datetime, UUID] | None
    ) -> tuple[list[Order], bool]:
        """A customer's orders, newest first, and whether there are more."""
        ...


class Placements(Protocol):
    """What is known of an order while it is being placed: enough to end it when its process is gone."""

    async def begin(self, order_id: UUID, fingerprint: str, key: str | None) -> Order | None:
        """Before anything is reserved. An order: the key has placed it before. Raises ``KeyReused``, ``InProgress``."""
        ...

    async def store(self, new: NewOrder) -> Order:
        """The order and its event in one transaction. Raises ``PlacementLost``."""
        ...

    async def give_up(self, order_id: UUID) -> Order | None:
        """From now on it cannot be stored. An order: it has been stored already."""
        ...

    async def forget(self, order_id: UUID) -> None:
        """Nothing is reserved for it; its key is free again."""
        ...

    async def overdue(self, limit: int) -> Sequence[UUID]:
        """Give up those that nobody has ended in time."""
        ...

    async def purge(self) -> None:
        """Forget keys and handled events that nobody will send again."""
        ...


class Settlements(Protocol):
    """The second half of an order's life."""

    async def is_settled(self, event_id: UUID, order_id: UUID) -> bool:
        """Whether there is nothing left to do. Raises ``OrderUnknown``."""
        ...

    async def settle(self, event_id: UUID, order_id: UUID, status: str) -> Order | None:
        """The status and the note that the event is handled, in one transaction. None: somebody else was faster."""
        ...
