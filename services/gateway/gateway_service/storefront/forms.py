"""PURE: parses the order form."""

from collections.abc import Mapping
from uuid import UUID, uuid4

PREFIX = "quantity-"
MAX_QUANTITY = 1_000


class InvalidQuantity(ValueError):
    """The form is not a valid order. The message says how to correct it."""


def entered(form: Mapping[str, str]) -> dict[UUID, int]:
    """Return the quantity in each field of the form, 0 for an empty field. Raises InvalidQuantity."""
    try:
        quantities = {
            UUID(name.removeprefix(PREFIX)): int(value.strip() or 0)
            for name, value in form.items()
            if name.startswith(PREFIX)
        }
    except ValueError:
        raise InvalidQuantity("a quantity is not a whole number; correct it, then place the order again") from None
    if not all(0 <= quantity <= MAX_QUANTITY for quantity in quantities.values()):
        raise InvalidQuantity(f"a quantity is not between 0 and {MAX_QUANTITY}; correct it, then place the order again")
    return quantities


def order_key(form: Mapping[str, str]) -> str:
    """Return the idempotency key of the form, or a new one in place of anything that the page did not create."""
    try:
        return str(UUID(form.get("key", "")))
    except ValueError:
        return str(uuid4())


def local_page(form: Mapping[str, str]) -> str:
    """Return the page to show next, never one of another site."""
    then = form.get("then", "")
    return then if then == "/shop" or then.startswith(("/shop/", "/shop?")) else "/shop"
