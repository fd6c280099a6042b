"""Ends interrupted placements: orders whose process died between the reservation and the transaction.

A placement that cannot be undone does not block the others: it is logged and counted, and becomes due again later.
"""

from uuid import UUID

import structlog
from prometheus_client import Counter

from order_service.ports import Placements, Products
from shop_shared.resilience.upstream import UpstreamUnavailable

log = structlog.get_logger(__name__)

BATCH = 20
UNDONE = Counter("order_placements_recovered", "Interrupted placements", ["result"])


class Recovery:
    def __init__(self, products: Products, placements: Placements) -> None:
        self._products = products
        self._placements = placements

    async def step(self) -> bool:
        """Undo a batch. Raises while product is unavailable: then each of them would fail."""
        overdue = await self._placements.claim_overdue(BATCH)
        if overdue:
            await self._products.check()
        for order_id in overdue:
            await self._undo(order_id)
        return len(overdue) == BATCH

    async def _undo(self, order_id: UUID) -> None:
        try:
            await self._products.release(order_id)
            await self._placements.forget(order_id)
        except Exception as error:
            if isinstance(error, UpstreamUnavailable) and not error.in_doubt:
                raise  # the circuit breaker is open
            UNDONE.labels("failed").inc()
            log.exception("cannot undo an interrupted order; it is retried later", orderId=str(order_id))
            return
        UNDONE.labels("undone").inc()
        log.info("interrupted order undone", orderId=str(order_id))
