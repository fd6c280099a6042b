"""Field types that the services' contracts share."""

from typing import Annotated, Protocol, TypeVar
from uuid import UUID

from pydantic import AfterValidator, BeforeValidator, Field, Strict


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
