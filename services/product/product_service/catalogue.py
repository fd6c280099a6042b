"""The catalogue as customers read it: in an outage of DynamoDB as it was last seen, and saying so.

A price or a stock that is some minutes old harms nobody who only looks: what is sold, and at which price, is decided
by the reservation, which never goes by what is remembered.
"""

from uuid import UUID

from product_service.model import Product
from product_service.ports import Products, StoreUnavailable
from shop_shared.resilience.stale import Answer, Stale

_OUTAGES = (StoreUnavailable,)


class Catalogue:
    def __init__(self, products: Products) -> None:
        self._products = products
        self._single: Stale[UUID, Product | None] = Stale("product")
        self._pages: Stale[tuple[int, UUID | None], tuple[list[Product], UUID | None]] = Stale("products", entries=64)

    async def find(self, product_id: UUID) -> Answer[Product | None]:
        return await self._single.fresh_or_remembered(product_id, lambda: self._products.find(product_id), _OUTAGES)

    async def page(self, limit: int, after: UUID | None) -> Answer[tuple[list[Product], UUID | None]]:
        return await self._pages.fresh_or_remembered(
            (limit, after), lambda: self._products.page(limit, after), _OUTAGES
        )


class ReachedOnce:
    """Ready from the first answer of DynamoDB on: its outage takes every pod alike, and none could answer from memory
    any more if all were taken out of the Service.
    """

    def __init__(self, products: Products) -> None:
        self._products = products
        self._reached = False

    async def __call__(self) -> None:
        if not self._reached:
            await self._products.probe()
            self._reached = True
