"""PURE: what a form says."""

from collections.abc import Mapping
from uuid import UUID

PREFIX = "quantity-"
MAX_QUANTITY = 1_000


class WrongQuantity(ValueError):
    """The form cannot be an order; the message says what to do."""


def quantities(form: Mapping[str, str]) -> dict[UUID, int]:
    """How many of each product are wanted; fields that are empty or 0 are none."""
    try:
        given = {
            UUID(name.removeprefix(PREFIX)): int(value.strip() or 0)
            for name, value in form.items()
            if name.startswith(PREFIX)
        }
    except ValueError:
        raise WrongQuantity("a quantity is no whole number; correct it, then place the order again") from None
    wanted = {product: quantity for product, quantity in given.items() if quantity}
    if not wanted:
        raise WrongQuantity("nothing is chosen yet; set a quantity, then place the order again")
    if not all(0 < quantity <= MAX_QUANTITY for quantity in wanted.values()):
        raise WrongQuantity(f"a quantity is not between 1 and {MAX_QUANTITY}; correct it, then place the order again")
    return wanted
