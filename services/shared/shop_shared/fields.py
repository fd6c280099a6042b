"""Types of fields that the services' contracts share."""

from typing import Annotated, Protocol, TypeVar
from uuid import UUID

from pydantic import AfterValidator, BeforeValidator, Strict


class OfProduct(Protocol):
    """An item of a list of products."""

    @property
    def product_id(self) -> UUID: ...


Item = TypeVar("Item", bound=OfProduct)


def _whole(value: object) -> object:
    """``5.0`` is a JSON integer as good as ``5``: that is what JSON Schema says, and what some clients send."""
    return int(value) if isinstance(value, float) and value.is_integer() else value


WholeNumber = Annotated[int, Strict(), BeforeValidator(_whole)]
"""Neither ``"5"`` nor ``true``."""


def _each_product_once(items: list[Item]) -> list[Item]:
    if len({item.product_id for item in items}) < len(items):
        raise ValueError("a product is listed twice; list it once with the sum of the quantities")
    return items


EachProductOnce = AfterValidator(_each_product_once)
"""For lists of items."""
