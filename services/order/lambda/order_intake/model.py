"""Orders of the article's event. Amounts are Decimal in Python and strings in published messages.

The article believes the sender's `total`. Here it must be the sum of the items, whose prices the sender names: this
path knows no catalogue. The order service takes the prices from the product service instead.
"""

from decimal import Decimal
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, ValidationError, ValidationInfo, field_validator
from pydantic.alias_generators import to_camel

Id = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_-]{1,64}$")]
Money = Annotated[Decimal, Field(ge=0, max_digits=10, decimal_places=2, allow_inf_nan=False)]


class _Camel(BaseModel):
    model_config = ConfigDict(alias_generator=to_camel, extra="forbid", frozen=True, hide_input_in_errors=True)


class Item(_Camel):
    product_id: Id
    quantity: int = Field(ge=1, le=1_000, strict=True)
    unit_price: Money


class Order(_Camel):
    id: Id
    customer_id: Id
    items: list[Item] = Field(min_length=1, max_length=50)
    total: Money

    @field_validator("items")
    @classmethod
    def _each_product_once(cls, items: list[Item]) -> list[Item]:
        if len({item.product_id for item in items}) < len(items):
            raise ValueError("a product is listed twice; list it once with the sum of the quantities")
        return items

    @field_validator("total")
    @classmethod
    def _total_is_the_sum(cls, total: Decimal, info: ValidationInfo) -> Decimal:
        items: list[Item] | None = info.data.get("items")  # missing if they are invalid themselves
        if items is not None and total != sum(item.quantity * item.unit_price for item in items):
            raise ValueError("is not the sum of quantity × unitPrice; correct one of them")
        return total

    def to_message(self) -> dict[str, Any]:
        """Return the published message, with the article's field names."""
        return self.model_dump(mode="json", by_alias=True, exclude_none=True)


def field_errors(error: ValidationError) -> list[dict[str, str]]:
    """Return the invalid fields without their values, which are the customer's data."""
    return [
        {"field": ".".join(map(str, problem["loc"])) or "body", "message": problem["msg"].removeprefix("Value error, ")}
        for problem in error.errors(include_input=False, include_url=False)
    ]
