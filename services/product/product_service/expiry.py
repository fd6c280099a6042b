"""Releases expired reservations. Every pod runs it, but each reservation is released only once.

A reservation or a shard that fails does not block the others: it is logged and counted, and the next pass retries it.
"""

import asyncio
import random
from collections.abc import Sequence
from uuid import UUID

import structlog
from prometheus_client import Counter

from product_service.ports import ExpiryIndex, ReservationConfirmed, Reservations, StoreUnavailable

log = structlog.get_logger(__name__)

EXPIRED = Counter("reservations_expired", "Expired reservations", ["result"])


class Expiry:
    def __init__(
        self, reservations: Reservations, index: ExpiryIndex, shards: Sequence[str], interval_seconds: float
    ) -> None:
        self._reservations = reservations
        self._index = index
        self._shards = shards
        self._interval_seconds = interval_seconds

    async def run(self) -> None:
        while True:
            # Jitter: pods that started together do not query together.
            await asyncio.sleep(self._interval_seconds * random.uniform(0.5, 1.5))  # noqa: S311  (not a secret)
            await self.sweep()

    async def sweep(self) -> None:
        # In random order: several pods work on different shards.
        for shard in random.sample(self._shards, len(self._shards)):
            try:
                async for reservation_id in self._index.expired(shard):
                    await self._release(reservation_id)
            except StoreUnavailable:
                continue  # already logged; the next pass retries

    async def _release(self, reservation_id: str) -> None:
        try:
            await self._reservations.release(UUID(reservation_id))
        except ReservationConfirmed:
            return  # confirmed at the last moment
        except Exception:
            EXPIRED.labels("failed").inc()
            log.exception("cannot release an expired reservation; the next pass retries", reservationId=reservation_id)
            return
        EXPIRED.labels("released").inc()
        log.info("reservation expired", reservationId=reservation_id)
