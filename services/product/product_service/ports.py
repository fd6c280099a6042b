"""The interfaces of the stores, with the errors that they raise."""

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from typing import Protocol
from uuid import UUID

from product_service.model import NewProduct, NewReservation, Product, Reservation


@dataclass
class ProductUnknown(Exception):
    """There is no such product."""

    product_id: UUID


class KeyReused(Exception):
    """The reservation's id is already used for other items."""


class ReservationUnknown(Exception):
    """There is no such reservation."""


class ReservationReleased(Exception):
    """The goods are back in the stock, or were never taken."""


class ReservationConfirmed(Exception):
    """The goods are sold: a release does not return them, only ``take_back`` does."""


class StoreUnavailable(Exception):
    """The store does not answer. A write in progress may have succeeded or not."""


class Contended(Exception):
    """Concurrent writes of the same items conflict. Nothing was written."""


class TransactionRejected(Contended):
    """Nothing was written. ``unmet`` has, for each write in sequence, whether its condition was not met."""

    def __init__(self, unmet: Sequence[bool]) -> None:
        super().__init__("the transaction was canceled")
        self.unmet = unmet


@dataclass
class OutOfStock(Exception):
    """The stock is smaller than the requested quantity."""

    product_id: UUID
    left: int


class Products(Protocol):
    """Every method may raise ``StoreUnavailable``."""

    async def probe(self) -> None:
        """Return when the store has answered."""
        ...

    async def add(self, new: NewProduct) -> Product: ...

    async def page(self, limit: int, after: UUID | None) -> tuple[list[Product], UUID | None]:
        """Return a page of products, and the id after which the next page starts."""
        ...

    async def find(self, product_id: UUID) -> Product | None: ...

    async def find_all(self, product_ids: Sequence[UUID]) -> list[Product]:
        """Return the products that exist, with a single call. At most 100 ids."""
        ...

    async def take(self, product_id: UUID, quantity: int) -> int:
        """Decrease the stock and return what is left. Raises ``OutOfStock``, ``ProductUnknown``."""
        ...


class Reservations(Protocol):
    """Every method is idempotent and may raise ``StoreUnavailable`` or ``Contended``."""

    async def hold(self, wanted: NewReservation) -> Reservation:
        """Reserve all items or none.

        Raises ``OutOfStock``, ``ProductUnknown``, ``KeyReused``, ``ReservationReleased``.
        """
        ...

    async def find(self, reservation_id: UUID) -> Reservation | None: ...

    async def confirm(self, reservation_id: UUID) -> Reservation:
        """Mark the goods as sold. Raises ``ReservationUnknown``, ``ReservationReleased``."""
        ...

    async def release(self, reservation_id: UUID) -> None:
        """Return the goods once, and prevent a later ``hold`` with this id. Raises ``ReservationConfirmed``."""
        ...

    async def take_back(self, reservation_id: UUID) -> None:
        """Return the goods once, also sold ones: their order is cancelled. Raises ``ReservationUnknown``."""
        ...


class ExpiryIndex(Protocol):
    def expired(self, shard: str) -> AsyncIterator[str]:
        """Yield the ids of a shard's reservations that were not confirmed in time. Raises ``StoreUnavailable``."""
        ...
