"""The catalogue for customers. During an outage of DynamoDB it serves cached products and marks them as cached.

An old price or stock does no harm on a page that only shows it. The reservation decides what is sold at which price,
and it never uses the cache.
"""

from collections import OrderedDict
from collections.abc import Sequence
from functools import partial
from uuid import UUID

from product_service.model import Product
from product_service.ports import Products, StoreUnavailable
from shop_shared.resilience.stale_cache import CacheResult, StaleCache

_OUTAGES = (StoreUnavailable,)
MAX_FOLLOWING = 256
ProductPage = tuple[list[Product], UUID | None]
"""Products, and the id after which the next page starts."""


class Catalogue:
    def __init__(self, products: Products) -> None:
        self._products = products
        self._single: StaleCache[UUID, Product | None] = StaleCache("product")
        # Callers choose the limit and the cursor, so other pages must not evict the first ones. There are 100 limits.
        self._first_pages: StaleCache[int, ProductPage] = StaleCache("products")
        self._later_pages: StaleCache[tuple[int, UUID], ProductPage] = StaleCache("products", max_entries=64)
        self._following: OrderedDict[tuple[int, UUID], None] = OrderedDict()
        """The keys of the pages that follow a page which this pod has read: only these are cached."""

    async def find(self, product_id: UUID) -> CacheResult[Product | None]:
        return await self._single.fetch_or_stale(product_id, lambda: self._products.find(product_id), _OUTAGES)

    async def find_all(self, product_ids: Sequence[UUID]) -> list[CacheResult[Product | None]]:
        """Return a result for each id. During an outage, all of them must be in the cache."""
        outage: Exception | None = None
        found: dict[UUID, Product] = {}
        try:
            found = {product.product_id: product for product in await self._products.find_all(product_ids)}
        except _OUTAGES as error:
            outage = error

        async def read(product_id: UUID) -> Product | None:
            if outage:
                raise outage
            return found.get(product_id)

        return [
            await self._single.fetch_or_stale(product_id, partial(read, product_id), _OUTAGES)
            for product_id in product_ids
        ]

    async def page(self, limit: int, after: UUID | None) -> CacheResult[ProductPage]:
        async def fetch() -> ProductPage:
            return await self._products.page(limit, after)

        if after is None:
            result = await self._first_pages.fetch_or_stale(limit, fetch, _OUTAGES)
        elif (limit, after) in self._following:
            result = await self._later_pages.fetch_or_stale((limit, after), fetch, _OUTAGES)
        else:
            return CacheResult(await fetch())
        self._remember_next(limit, result.value[1])
        return result

    def _remember_next(self, limit: int, last: UUID | None) -> None:
        if last is not None:
            self._following[limit, last] = None
            self._following.move_to_end((limit, last))
        if len(self._following) > MAX_FOLLOWING:
            self._following.popitem(last=False)


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
