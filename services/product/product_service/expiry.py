"""Releases expired reservations. Every pod runs it, but each reservation is released only once."""

import asyncio
import random

from product_service.ports import Contended, Reservations, StoreUnavailable


class Expiry:
    def __init__(self, reservations: Reservations, interval_seconds: float) -> None:
        self._reservations = reservations
        self._interval_seconds = interval_seconds

    async def run(self) -> None:
        while True:
            # Jitter: pods that started together do not query together.
            await asyncio.sleep(self._interval_seconds * random.uniform(0.5, 1.5))  # noqa: S311  (not a secret)
            try:
                while await self._reservations.release_expired():
                    pass
            except (StoreUnavailable, Contended):
                continue  # already logged; the next run retries
