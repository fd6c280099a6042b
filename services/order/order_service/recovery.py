"""Ends interrupted placements: orders whose process died between the reservation and the transaction."""

from uuid import UUID

import structlog

from order_service.ports import Placements, Products

log = structlog.get_logger(__name__)

BATCH = 20


class Recovery:
    def __init__(self, products: Products, placements: Placements) -> None:
        self._products = products
        self._placements = placements

    async def step(self) -> bool:
        overdue = await self._placements.claim_overdue(BATCH)
        for order_id in overdue:
            await self._undo(order_id)
        await self._placements.purge()
        return len(overdue) == BATCH

    async def _undo(self, order_id: UUID) -> None:
        await self._products.release(order_id)
        await self._placements.forget(order_id)
        log.info("interrupted order undone", orderId=str(order_id))
