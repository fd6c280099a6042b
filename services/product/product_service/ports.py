"""What the routes need from whatever keeps the products."""

from dataclasses import dataclass
from typing import Protocol
from uuid import UUID

from product_service.model import NewProduct, Product


class ProductUnknown(Exception):
    """There is no such product."""


class KeyReused(Exception):
    """The request key already reserved another quantity of this product."""


class StoreUnavailable(Exception):
    """The store cannot answer now; nothing is known about a write that was under way."""


@dataclass
class OutOfStock(Exception):
    """Fewer are left than were asked for."""

    left: int


class Products(Protocol):
    """Every method may raise ``StoreUnavailable``."""

    async def add(self, new: NewProduct) -> Product: ...

    async def find(self, product_id: UUID) -> Product | None: ...

    async def take(self, product_id: UUID, quantity: int) -> int:
        """Take from the stock and return what is left. Raises ``OutOfStock``, ``ProductUnknown``."""
        ...

    async def reserve(self, product_id: UUID, quantity: int, key: str) -> int:
        """As ``take``, and repeatable under its key. Raises ``KeyReused`` too."""
        ...

    async def release(self, product_id: UUID, key: str) -> None:
        """Put back what the key reserved, once; a key that holds nothing is no error."""
        ...

    async def settle(self, product_id: UUID, key: str) -> None:
        """The reserved goods are sold: forget the key; a key that holds nothing is no error."""
        ...
