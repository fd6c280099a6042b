"""Orders of the HTTP API. Amounts are strings in JSON and Decimal in Python, never float."""

import re
from datetime import datetime
from decimal import Decimal
from typing import Annotated
from uuid import UUID

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, PlainSerializer, WithJsonSchema
from pydantic.alias_generators import to_camel

from shop_shared.field_types import CurrencyCode, UniqueProducts, WholeNumber

MAX_ITEMS = 50
MAX_QUANTITY = 1_000
MAX_TOTAL = Decimal("99999999.99")
"""The maximum of DECIMAL(10,2)."""

Money = Annotated[
    Decimal,
    PlainSerializer(lambda amount: f"{amount:.2f}", return_type=str),
    WithJsonSchema({"type": "string", "pattern": r"^\d{1,8}\.\d{2}$", "examples": ["12.50"]}),
]


_AMOUNT = re.compile(r"[0-9]{1,8}(\.[0-9]{1,2})?")


def _amount_only(value: object) -> object:
    # Decimal also reads "1e3" and digits of other scripts, which the contract excludes.
    if isinstance(value, Decimal) or (isinstance(value, str) and _AMOUNT.fullmatch(value)):
        return value
    raise ValueError('write the amount as a string with two decimals, like "12.50"')


ExpectedAmount = Annotated[
    Decimal,
    BeforeValidator(_amount_only),
    PlainSerializer(lambda amount: f"{amount:.2f}", return_type=str),
    WithJsonSchema({"type": "string", "pattern": rf"^{_AMOUNT.pattern}$", "examples": ["12.50"]}),
]

PENDING, CONFIRMED, CANCELLING, CANCELLED = "PENDING", "CONFIRMED", "CANCELLING", "CANCELLED"
"""PENDING: stored and reserved. After its event has passed through topic and queue, it is CONFIRMED or CANCELLED.
CANCELLING: the customer cancelled it, and its goods are not back in the stock yet.
"""


class _Camel(BaseModel):
    model_config = ConfigDict(alias_generator=to_camel, populate_by_name=True, frozen=True)


class WantedItem(_Camel, extra="forbid"):
    product_id: UUID
    quantity: WholeNumber = Field(ge=1, le=MAX_QUANTITY)


class WantedOrder(_Camel, extra="forbid"):
    """An order as a customer sends it. Its prices come from the product service."""

    customer_id: UUID
    items: Annotated[list[WantedItem], UniqueProducts] = Field(min_length=1, max_length=MAX_ITEMS)
    expected_total: ExpectedAmount | None = Field(
        default=None, description="The total that the customer saw. With another total, nothing is ordered: 409"
    )


class Item(_Camel):
    product_id: UUID
    quantity: int
    unit_price: Money


class Order(_Camel):
    order_id: UUID
    customer_id: UUID
    total_amount: Money
    currency: CurrencyCode
    status: str
    items: list[Item]
    created_at: datetime
    updated_at: datetime


class NewOrder(_Camel):
    """An order that is priced and reserved and can be stored."""

    order_id: UUID
    subject: str
    """the owner: `sub` of the caller's token"""
    customer_id: UUID
    items: list[Item]

    @property
    def total_amount(self) -> Decimal:
        return sum((item.unit_price * item.quantity for item in self.items), Decimal(0))
