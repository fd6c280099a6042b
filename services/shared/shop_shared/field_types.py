"""Field types that the services' contracts share."""

import re
from dataclasses import dataclass
from typing import Annotated, Any, Protocol, TypeVar
from uuid import UUID

from pydantic import AfterValidator, BeforeValidator, Field, GetCoreSchemaHandler, GetJsonSchemaHandler, Strict
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema, PydanticCustomError, core_schema


class HasProductId(Protocol):
    """An item in a list of products."""

    @property
    def product_id(self) -> UUID: ...


Item = TypeVar("Item", bound=HasProductId)


CurrencyCode = Annotated[str, Field(pattern="^[A-Z]{3}$", description="ISO 4217", examples=["EUR"])]
DEFAULT_CURRENCY = "EUR"
"""All prices of the shop have one currency, which `SHOP_CURRENCY` sets for product and order."""


def _integral_float_to_int(value: object) -> object:
    """JSON Schema treats ``5.0`` as an integer, like ``5``, and some clients send it."""
    return int(value) if isinstance(value, float) and value.is_integer() else value


WholeNumber = Annotated[int, Strict(), BeforeValidator(_integral_float_to_int)]
"""A JSON integer. ``"5"`` and ``true`` are not accepted."""


def _unique_products(items: list[Item]) -> list[Item]:
    if len({item.product_id for item in items}) < len(items):
        raise ValueError("a product is listed twice; list it once with the sum of the quantities")
    return items


UniqueProducts = AfterValidator(_unique_products)
"""Rejects a list of items that names a product twice."""


@dataclass(frozen=True)
class Matching:
    """Annotates a string: the pattern of the contract, and what a client reads whose string does not match it.

    pydantic's own `pattern` answers with the regular expression.
    """

    pattern: str
    message: str

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        compiled = re.compile(self.pattern)

        def check(text: str) -> str:
            # fullmatch, because `$` also matches before a line break at the end.
            if not compiled.fullmatch(text):
                raise PydanticCustomError("form", "{message}", {"message": self.message})
            return text

        return core_schema.no_info_after_validator_function(check, handler(source))

    def __get_pydantic_json_schema__(self, schema: CoreSchema, handler: GetJsonSchemaHandler) -> JsonSchemaValue:
        return handler(schema) | {"pattern": self.pattern}


# Control characters: PostgreSQL cannot store NUL, and names do not contain the others. The second row turns the
# direction of text, so that "gnp" is shown as "png".
_UNSEEN = r"\x00-\x1f\x7f-\x9f" + r"\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069"
VISIBLE = Matching(
    rf"^[^{_UNSEEN}]*[^\s{_UNSEEN}][^{_UNSEEN}]*$",
    "must contain a visible character, and none that controls the terminal or the direction of text",
)
"""The name of something."""
