"""The services' responses. The models contain only the fields that pages show."""

from datetime import datetime
from decimal import Decimal
from typing import Annotated, Generic, TypeVar
from uuid import UUID

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationInfo
from pydantic.alias_generators import to_camel

HUES = 8  # style.css defines a colour for each


class _Camel(BaseModel):
    model_config = ConfigDict(alias_generator=to_camel, frozen=True, populate_by_name=True)


def _currency_of_the_shop(code: str, info: ValidationInfo) -> str:
    return code or str((info.context or {}).get("currency", ""))


Currency = Annotated[str, BeforeValidator(_currency_of_the_shop), Field(default="", validate_default=True)]
"""ISO 4217. The shop's own, if the service names none."""


class Customer(_Camel):
    """A user of the user service."""

    user_id: UUID
    name: str
    email: str
    subject: str | None = None


class Product(_Camel):
    """A product and its stock."""

    product_id: UUID
    name: str
    price: Decimal
    inventory: int
    currency: Currency

    @property
    def hue(self) -> int:
        """The index of the product's colour. It is the same on all pages."""
        return self.product_id.int % HUES


def unknown_product(product_id: UUID) -> Product:
    """Return what a form shows for a product that cannot be read: the start of its id, and no price."""
    name = f"Product {str(product_id)[:8]}"
    return Product(product_id=product_id, name=name, price=Decimal(0), inventory=1_000, currency="")


class Item(_Camel):
    """A line of an order."""

    product_id: UUID
    quantity: int
    unit_price: Decimal

    @property
    def total(self) -> Decimal:
        """The amount of the line."""
        return self.quantity * self.unit_price


class Order(_Camel):
    """An order."""

    order_id: UUID
    customer_id: UUID
    status: str
    total_amount: Decimal
    currency: Currency
    items: tuple[Item, ...] = ()
    created_at: datetime
    updated_at: datetime | None = None

    @property
    def pending(self) -> bool:
        """Whether the status is still going to change."""
        return self.status == "PENDING"


Element = TypeVar("Element")


class Page(_Camel, Generic[Element]):
    """A page of a list, with the cursor of the next page."""

    items: tuple[Element, ...]
    next_cursor: str | None = None
    cached: bool = False
    """from the service's cache, because its database is unavailable"""


class ProblemBody(BaseModel):
    """The body of an error: a problem of a service, or the `message` of the gateway."""

    model_config = ConfigDict(alias_generator=to_camel)

    type: str = ""
    detail: str = ""
    message: str = ""
    trace_id: str | None = None
