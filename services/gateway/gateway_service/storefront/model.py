"""What the services answer, as far as a page shows it; more may be in it."""

from datetime import datetime
from decimal import Decimal
from typing import Generic, TypeVar
from uuid import UUID

from pydantic import BaseModel, ConfigDict
from pydantic.alias_generators import to_camel

HUES = 8  # of which style.css has a colour each


class _Camel(BaseModel):
    model_config = ConfigDict(alias_generator=to_camel, frozen=True)


class Customer(_Camel):
    """A user of the user service."""

    user_id: UUID
    name: str
    email: str


class Product(_Camel):
    """A product and what is left of it."""

    product_id: UUID
    name: str
    price: Decimal
    inventory: int

    @property
    def hue(self) -> int:
        """A colour of its own, the same everywhere."""
        return self.product_id.int % HUES


class Item(_Camel):
    """A line of an order."""

    product_id: UUID
    quantity: int
    unit_price: Decimal

    @property
    def total(self) -> Decimal:
        """What the line costs."""
        return self.quantity * self.unit_price


class Order(_Camel):
    """An order."""

    order_id: UUID
    customer_id: UUID
    status: str
    total_amount: Decimal
    items: tuple[Item, ...] = ()
    created_at: datetime
    updated_at: datetime | None = None

    @property
    def pending(self) -> bool:
        """Whether its state will change by itself."""
        return self.status == "PENDING"


Thing = TypeVar("Thing")


class Page(_Camel, Generic[Thing]):
    """A part of a list, and where the next one begins."""

    items: tuple[Thing, ...]
    next_cursor: str | None = None
    cached: bool = False
    """from the service's memory, in place of a store that is away"""


class Refused(BaseModel):
    """A problem of a service, or the gateway's own `message`."""

    model_config = ConfigDict(alias_generator=to_camel)

    type: str = ""
    detail: str = ""
    message: str = ""
    trace_id: str | None = None
