"""Products as they travel over HTTP. Money is text there and Decimal here: a JSON number is a float on the way."""

from decimal import Decimal
from typing import Annotated
from uuid import UUID

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, PlainSerializer, StringConstraints, WithJsonSchema
from pydantic.alias_generators import to_camel

MAX_INVENTORY = 1_000_000


def _text_only(value: object) -> object:
    if isinstance(value, str | Decimal):
        return value
    raise ValueError('write the amount as text with two decimals, like "12.50"')


Money = Annotated[
    Decimal,
    BeforeValidator(_text_only),
    Field(ge=0, max_digits=10, decimal_places=2, allow_inf_nan=False),
    PlainSerializer(lambda amount: f"{amount:.2f}", return_type=str),
    WithJsonSchema({"type": "string", "pattern": r"^\d{1,8}(\.\d{1,2})?$", "examples": ["12.50"]}),
]
Name = Annotated[
    str, StringConstraints(strip_whitespace=True, min_length=1, max_length=200, pattern=r"^[^\x00-\x1f\x7f]+$")
]
RequestKey = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_-]{1,64}$")]


class _Camel(BaseModel):
    model_config = ConfigDict(alias_generator=to_camel, populate_by_name=True)


class NewProduct(BaseModel):
    model_config = ConfigDict(extra="forbid")

    name: Name
    price: Money
    inventory: int = Field(ge=0, le=MAX_INVENTORY, strict=True)


class Product(_Camel):
    product_id: UUID
    name: str
    price: Money
    inventory: int


class Withdrawal(BaseModel):
    """How many to take out of the stock."""

    model_config = ConfigDict(extra="forbid")

    quantity: int = Field(ge=1, le=10_000, strict=True)


class Stock(_Camel):
    product_id: UUID
    inventory: int
