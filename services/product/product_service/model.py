"""Products and reservations of the HTTP API. Money is a string in JSON and Decimal in Python, never float."""

import re
from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from typing import Annotated
from uuid import UUID

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    PlainSerializer,
    StringConstraints,
    WithJsonSchema,
)
from pydantic.alias_generators import to_camel

from shop_shared import pagination, retention
from shop_shared.field_types import VISIBLE, CurrencyCode, UniqueProducts, WholeNumber

MAX_INVENTORY = 1_000_000
MAX_QUANTITY = 10_000
MAX_RESERVED_PRODUCTS = 50
"""Together with the reservation itself, well below the limit of 100 items for a DynamoDB transaction."""
DEFAULT_TTL_SECONDS = 300
MAX_TTL_SECONDS = int(retention.HELD_RESERVATIONS.total_seconds())


_MONEY = re.compile(r"[0-9]{1,8}(\.[0-9]{1,2})?")


def _text_only(value: object) -> object:
    """Decimal itself accepts more than the contract: exponents, underscores, spaces, digits of other scripts."""
    if isinstance(value, Decimal) or (isinstance(value, str) and _MONEY.fullmatch(value)):
        return value
    raise ValueError('write the amount as a string with two decimals, like "12.50"')


Money = Annotated[
    Decimal,
    BeforeValidator(_text_only),
    Field(ge=0, max_digits=10, decimal_places=2, allow_inf_nan=False),
    PlainSerializer(lambda amount: f"{amount:.2f}", return_type=str),
    WithJsonSchema({"type": "string", "pattern": f"^{_MONEY.pattern}$", "examples": ["12.50"]}),
]
Name = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=200), VISIBLE]


class _Camel(BaseModel):
    model_config = ConfigDict(alias_generator=to_camel, populate_by_name=True)


class NewProduct(BaseModel):
    model_config = ConfigDict(extra="forbid")

    name: Name
    price: Money
    inventory: WholeNumber = Field(ge=0, le=MAX_INVENTORY)


class Product(_Camel):
    product_id: UUID
    name: str
    price: Money
    currency: CurrencyCode
    inventory: int
    cached: bool = Field(default=False, description="true: from the cache, because the database is unavailable")


class Withdrawal(BaseModel):
    """The quantity to take out of the stock."""

    model_config = ConfigDict(extra="forbid")

    quantity: WholeNumber = Field(ge=1, le=MAX_QUANTITY)


class ProductPage(pagination.Page[Product]):
    cached: bool = Field(default=False, description="true: from the cache, because the database is unavailable")


class Stock(_Camel):
    product_id: UUID
    inventory: int


class WantedItem(_Camel):
    model_config = ConfigDict(extra="forbid")

    product_id: UUID
    quantity: WholeNumber = Field(ge=1, le=MAX_QUANTITY)


class NewReservation(_Camel):
    """The items to reserve for a buyer, all or none. The buyer chooses the id, so the request can be repeated."""

    model_config = ConfigDict(extra="forbid")

    reservation_id: UUID
    order_id: UUID | None = None
    items: Annotated[list[WantedItem], UniqueProducts] = Field(min_length=1, max_length=MAX_RESERVED_PRODUCTS)
    ttl_seconds: WholeNumber = Field(default=DEFAULT_TTL_SECONDS, ge=1, le=MAX_TTL_SECONDS)


class ReservationStatus(StrEnum):
    """HELD changes to one of the other two. CONFIRMED changes to RELEASED when the order is cancelled."""

    HELD = "HELD"
    CONFIRMED = "CONFIRMED"
    RELEASED = "RELEASED"


class ReservedItem(_Camel):
    product_id: UUID
    quantity: int
    unit_price: Money


class Reservation(_Camel):
    reservation_id: UUID
    order_id: UUID | None = None
    status: ReservationStatus
    items: list[ReservedItem]
    expires_at: datetime = Field(description="At this time, an unconfirmed reservation is released")
