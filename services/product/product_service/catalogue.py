"""The catalogue for customers. During an outage of DynamoDB it serves cached products and marks them as cached.

An old price or stock does no harm on a page that only shows it. The reservation decides what is sold at which price,
and it never uses the cache.
"""

from uuid import UUID

from product_service.model import Product
from product_service.ports import Products, StoreUnavailable
from shop_shared.resilience.stale_cache import CacheResult, StaleCache

_OUTAGES = (StoreUnavailable,)


class Catalogue:
    def __init__(self, products: Products) -> None:
        self._products = products
        self._single: StaleCache[UUID, Product | None] = StaleCache("product")
        self._pages: StaleCache[tuple[int, UUID | None], tuple[list[Product], UUID | None]] = StaleCache(
            "products", max_entries=64
        )

    async def find(self, product_id: UUID) -> CacheResult[Product | None]:
        return await self._single.fetch_or_stale(product_id, lambda: self._products.find(product_id), _OUTAGES)

    async def page(self, limit: int, after: UUID | None) -> CacheResult[tuple[list[Product], UUID | None]]:
        return await self._pages.fetch_or_stale((limit, after), lambda: self._products.page(limit, after), _OUTAGES)


class ReachedOnce:
    """A readiness probe that succeeds from the first answer of DynamoDB on.

    An outage of DynamoDB affects all pods. If they all became unready, none could serve the catalogue from its cache.
    """

    def __init__(self, products: Products) -> None:
        self._products = products
        self._reached = False

    async def __call__(self) -> None:
        if not self._reached:
            await self._products.probe()
            self._reached = True
