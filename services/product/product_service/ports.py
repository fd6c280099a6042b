"""What the routes need from whatever keeps the products."""

from dataclasses import dataclass
from typing import Protocol
from uuid import UUID

from product_service.model import NewProduct, NewReservation, Product, Reservation


@dataclass
class ProductUnknown(Exception):
    """There is no such product."""

    product_id: UUID


class KeyReused(Exception):
    """The reservation's id already stands for other goods."""


class ReservationUnknown(Exception):
    """There is no such reservation."""


class ReservationReleased(Exception):
    """The goods have gone back into the stock, or will never be taken out of it."""


class ReservationConfirmed(Exception):
    """The goods are sold: they do not go back by a release."""


class StoreUnavailable(Exception):
    """The store cannot answer now; nothing is known about a write that was under way."""


class Contended(Exception):
    """Others write the same items all the time; nothing was written."""


@dataclass
class OutOfStock(Exception):
    """Fewer are left than were asked for."""

    product_id: UUID
    left: int


class Products(Protocol):
    """Every method may raise ``StoreUnavailable``."""

    async def probe(self) -> None:
        """Returns when the store has answered."""
        ...

    async def add(self, new: NewProduct) -> Product: ...

    async def page(self, limit: int, after: UUID | None) -> tuple[list[Product], UUID | None]:
        """Some products, and the one to continue after."""
        ...

    async def find(self, product_id: UUID) -> Product | None: ...

    async def take(self, product_id: UUID, quantity: int) -> int:
        """Take from the stock and return what is left. Raises ``OutOfStock``, ``ProductUnknown``."""
        ...


class Reservations(Protocol):
    """Every method may raise ``StoreUnavailable`` or ``Contended``, and may be repeated."""

    async def hold(self, wanted: NewReservation) -> Reservation:
        """All or nothing. Raises ``OutOfStock``, ``ProductUnknown``, ``KeyReused``, ``ReservationReleased``."""
        ...

    async def find(self, reservation_id: UUID) -> Reservation | None: ...

    async def confirm(self, reservation_id: UUID) -> Reservation:
        """The goods are sold. Raises ``ReservationUnknown``, ``ReservationReleased``."""
        ...

    async def release(self, reservation_id: UUID) -> None:
        """Put the goods back, once, and let no later ``hold`` take them. Raises ``ReservationConfirmed``."""
        ...

    async def release_expired(self) -> int:
        """Release what nobody confirmed in time; how many there were."""
        ...
