"""PURE: parses the order form."""

from collections.abc import Mapping
from uuid import UUID

PREFIX = "quantity-"
MAX_QUANTITY = 1_000


class InvalidQuantity(ValueError):
    """The form is not a valid order. The message says how to correct it."""


def quantities(form: Mapping[str, str]) -> dict[UUID, int]:
    """Return the ordered quantity of each product. It omits fields that are empty or 0."""
    try:
        entered = {
            UUID(name.removeprefix(PREFIX)): int(value.strip() or 0)
            for name, value in form.items()
            if name.startswith(PREFIX)
        }
    except ValueError:
        raise InvalidQuantity("a quantity is not a whole number; correct it, then place the order again") from None
    ordered = {product: quantity for product, quantity in entered.items() if quantity}
    if not ordered:
        raise InvalidQuantity("nothing is chosen yet; set a quantity, then place the order again")
    if not all(0 < quantity <= MAX_QUANTITY for quantity in ordered.values()):
        raise InvalidQuantity(f"a quantity is not between 1 and {MAX_QUANTITY}; correct it, then place the order again")
    return ordered
