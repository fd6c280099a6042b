"""Orders as the article's event carries them. Amounts are Decimal here, and text in what is published."""

from decimal import Decimal
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, ValidationError, field_validator
from pydantic.alias_generators import to_camel

Id = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_-]{1,64}$")]
Money = Annotated[Decimal, Field(ge=0, max_digits=10, decimal_places=2, allow_inf_nan=False)]


class _Camel(BaseModel):
    model_config = ConfigDict(alias_generator=to_camel, extra="forbid", frozen=True, hide_input_in_errors=True)


class Item(_Camel):
    product_id: Id
    quantity: int = Field(ge=1, le=1_000, strict=True)
    unit_price: Money | None = None


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

    def travelling(self) -> dict[str, Any]:
        """As JSON, with the names of the article."""
        return self.model_dump(mode="json", by_alias=True, exclude_none=True)


def wrong_fields(error: ValidationError) -> list[dict[str, str]]:
    """Never what was in them: that is the customer's."""
    return [
        {"field": ".".join(map(str, problem["loc"])) or "body", "message": problem["msg"].removeprefix("Value error, ")}
        for problem in error.errors(include_input=False, include_url=False)
    ]
