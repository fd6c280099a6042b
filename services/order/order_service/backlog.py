"""Metrics of what waits: orders for their event, and events in the outbox.

Each pod samples them, so a dashboard or an alert uses the maximum of the pods. Between two samples they cost nothing.
"""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from prometheus_client import Gauge

PENDING_AGE = Gauge("orders_pending_oldest_seconds", "Age of the oldest PENDING order; 0 without one")
WAITING = Gauge("order_events_waiting", "Events in the outbox that are not published yet")
WAITING_AGE = Gauge("order_events_waiting_oldest_seconds", "Age of the oldest event in the outbox; 0 without one")


@dataclass(frozen=True)
class Backlog:
    """Ages are in seconds, and 0 if nothing waits."""

    pending_age: float
    waiting: int
    waiting_age: float


class BacklogMetrics:
    def __init__(self, measure: Callable[[], Awaitable[Backlog]]) -> None:
        self._measure = measure

    async def sample(self) -> bool:
        backlog = await self._measure()
        PENDING_AGE.set(backlog.pending_age)
        WAITING.set(backlog.waiting)
        WAITING_AGE.set(backlog.waiting_age)
        return False
