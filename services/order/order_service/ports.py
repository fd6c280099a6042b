"""The interfaces of the order service to other services and to PostgreSQL, with the errors that they raise.

Calls to other services also raise the exceptions of ``resilience.upstream``.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Protocol
from uuid import UUID

from order_service.model import NewOrder, Order, WantedItem


class CustomerUnknown(Exception):
    """The caller has no such user."""


@dataclass
class ProductUnknown(Exception):
    """The product service has no such product."""

    product_id: UUID


@dataclass
class OutOfStock(Exception):
    """The stock is smaller than the ordered quantity."""

    product_id: UUID


class OrderUnknown(Exception):
    """There is no such order."""


class ReservationUnknown(Exception):
    """The product service does not know the order's reservation, so nobody knows whether its goods are sold."""


class TooLate(Exception):
    """The order is too old to be cancelled: product may have forgotten its reservation."""


class KeyReused(Exception):
    """The idempotency key was sent before with another order."""


class InProgress(Exception):
    """The request with this key is still in progress, or recovery is undoing it."""


class PlacementLost(Exception):
    """The request took so long that recovery released its reservation. Nothing was stored."""


class Users(Protocol):
    async def require(self, user_id: UUID, authorization: str) -> None:
        """Return if the user belongs to the caller who sent this Authorization header. Raises ``CustomerUnknown``."""
        ...


class Products(Protocol):
    """A reservation has the id of its order. Each call is idempotent."""

    async def reserve(self, order_id: UUID, items: Sequence[WantedItem]) -> Mapping[UUID, Decimal]:
        """Reserve all items or none, and return the prices. Raises ``OutOfStock``, ``ProductUnknown``."""
        ...

    async def confirm(self, order_id: UUID) -> bool:
        """Mark the goods as sold. Returns False if they were released. Raises ``ReservationUnknown``."""
        ...

    async def release(self, order_id: UUID) -> None:
        """Release the reservation, and prevent any later reservation with this id."""
        ...

    async def take_back(self, order_id: UUID) -> None:
        """Return the goods to the stock, also sold ones. Raises ``ReservationUnknown``."""
        ...

    async def check(self) -> None:
        """Return when the service and its database answer."""
        ...


class Orders(Protocol):
    """`owner` is the subject whose orders are visible; with ``None``, all are."""

    async def find(self, order_id: UUID, owner: str | None) -> Order | None: ...

    async def page(
        self, customer_id: UUID, owner: str | None, limit: int, before: tuple[datetime, UUID] | None
    ) -> tuple[list[Order], bool]:
        """Return a customer's orders, newest first, and whether there are more."""
        ...


class Placements(Protocol):
    """The state of orders that are being placed: enough for recovery to end them after a crash."""

    async def begin(self, order_id: UUID, fingerprint: str, key: str | None) -> Order | None:
        """Record the placement before anything is reserved. Returns the order that the same key placed earlier.

        Raises ``KeyReused``, ``InProgress``.
        """
        ...

    async def store(self, new: NewOrder) -> Order:
        """Store the order and its event in one transaction. Raises ``PlacementLost``."""
        ...

    async def give_up(self, order_id: UUID) -> Order | None:
        """Prevent the order from being stored. Returns the order if it is already stored."""
        ...

    async def forget(self, order_id: UUID) -> None:
        """Delete the placement after its goods are released. This frees its key."""
        ...

    async def claim_overdue(self, limit: int) -> Sequence[UUID]:
        """Give up placements that did not end in time, and return their order ids."""
        ...

    async def purge(self) -> bool:
        """Delete expired keys and the records of handled events that can no longer arrive again.

        Returns True if there may be more of them.
        """
        ...


class Confirmations(Protocol):
    """The second half of an order's life: PENDING becomes CONFIRMED or CANCELLED."""

    async def is_finished(self, event_id: UUID, order_id: UUID) -> bool:
        """Return whether the event is handled or the order is no longer PENDING. Raises ``OrderUnknown``."""
        ...

    async def finish(self, order_id: UUID, status: str, event_id: UUID | None) -> Order | None:
        """Set the status of a pending order and record the event, if any, as handled, in one transaction.

        Returns None if the event was handled before, or the order is no longer pending.
        """
        ...


class UnsettledOrders(Protocol):
    async def older_than(
        self, age: timedelta, status: str, limit: int, after: tuple[datetime, UUID] | None
    ) -> Sequence[tuple[datetime, UUID]]:
        """Return the creation times and ids of older orders with this status, oldest first."""
        ...


class Cancellations(Protocol):
    async def begin_cancellation(self, order_id: UUID, owner: str | None) -> Order:
        """Set the status to CANCELLING, unless the order is cancelled. Raises ``OrderUnknown``, ``TooLate``."""
        ...

    async def change_status(self, order_id: UUID, previous: str, status: str) -> bool:
        """Return whether this call changed the status."""
        ...
