"""The chosen quantities, in a cookie: they survive other pages, signing in, and a failed order."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from uuid import UUID

from starlette.requests import Request
from starlette.responses import Response

from gateway_service.storefront.forms import MAX_QUANTITY
from gateway_service.storefront.session import PATH

COOKIE = "shop_basket"
MAX_PRODUCTS = 50
"""The order service accepts no more. The cookie then has 1.9 KB, and browsers keep 4 KB."""
SECONDS = 7 * 24 * 3600


@dataclass(frozen=True)
class Basket:
    """The quantity of each chosen product."""

    quantities: Mapping[UUID, int] = field(default_factory=dict)

    def changed(self, quantities: Mapping[UUID, int]) -> "Basket":
        """Return the basket with other quantities of some products; 0 takes a product out."""
        merged = {product: number for product, number in {**self.quantities, **quantities}.items() if number > 0}
        return Basket(dict(list(merged.items())[:MAX_PRODUCTS]))

    def store(self, response: Response) -> Response:
        """Set the cookie, or delete that of an empty basket. The page's script writes it, too, at each change."""
        if not self.quantities:
            response.delete_cookie(COOKIE, path=PATH, samesite="lax")
            return response
        value = "_".join(f"{product.hex}.{number}" for product, number in self.quantities.items())
        response.set_cookie(COOKIE, value, max_age=SECONDS, path=PATH, samesite="lax")
        return response


def read_basket(request: Request) -> Basket:
    """Return the basket of a request. A cookie that another program wrote counts as empty."""
    value = request.cookies.get(COOKIE, "")
    try:
        pairs = [part.split(".") for part in value.split("_") if part]
        quantities = {UUID(hex=product): int(number) for product, number in pairs}
    except ValueError:
        return Basket()
    return Basket().changed({product: min(number, MAX_QUANTITY) for product, number in quantities.items()})
