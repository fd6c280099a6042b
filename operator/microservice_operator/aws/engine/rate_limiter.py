"""Keeps the calls of this process below the rates that AWS documents, so that AWS does not throttle them.

AWS counts the calls of a whole account. One tenant's reads, or a thousand resyncs, would otherwise use up the rate that
another tenant's deployment needs. So a call waits in one of three classes, and no call waits long: it is not made, and
the resource is reconciled later.
"""

import asyncio
import itertools
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from enum import IntEnum

from ...errors import Postponed
from ...facts import Reason
from ...resync_reads import is_resync
from .call import READS, Call, Lane
from .rate_limits import RateLimit, rate_limit

SHARE = 0.8  # of the documented rate: other users of the account, and boto3's second attempts, need the rest
_TURN = 4  # every fourth call is of another class than the first that waits, so that no class starves
_ROUNDING = 1e-6  # of the event loop's clock


class Urgency(IntEnum):
    """Which call is made first."""

    FIRST = 0  # writes, and everything of a deletion
    READ = 1
    RESYNC = 2


# A call may wait if its turn within its class comes in these seconds. A late resync is no fault, but if many waited,
# they would hold all workers, and a change would wait for a worker.
_QUEUE = {Urgency.FIRST: 30.0, Urgency.READ: 15.0, Urgency.RESYNC: 0.5}
# Seconds that one call waits at most: a reconciliation makes several calls and has two minutes.
_PATIENCE = {Urgency.FIRST: 30.0, Urgency.READ: 30.0, Urgency.RESYNC: 5.0}
_AGAIN = {Urgency.FIRST: 5.0, Urgency.READ: 5.0, Urgency.RESYNC: 30.0}


class RateLimited(Postponed):
    """The operator did not make a call: too many waited, or it waited too long."""


@dataclass
class _Waiter:
    order: int
    turn: asyncio.Future[None]


@dataclass
class _Class:
    """The calls of one class that wait, by tenant; the tenants take turns, so that many calls of one delay no other."""

    tenants: dict[str, deque[_Waiter]] = field(default_factory=dict)

    @property
    def first(self) -> _Waiter:
        return next(iter(self.tenants.values()))[0]

    def ahead(self, tenant: str) -> int:
        """Return how many calls come before the next one of a tenant."""
        own = len(self.tenants.get(tenant, ()))
        return own + sum(min(len(calls), own + 1) for other, calls in self.tenants.items() if other != tenant)

    def add(self, tenant: str, waiter: _Waiter) -> None:
        self.tenants.setdefault(tenant, deque()).append(waiter)

    def take(self) -> _Waiter:
        """Remove and return the first call; its tenant is the last one then."""
        tenant, calls = next(iter(self.tenants.items()))
        waiter = calls.popleft()
        del self.tenants[tenant]
        if calls:
            self.tenants[tenant] = calls
        return waiter

    def remove(self, tenant: str, waiter: _Waiter) -> None:
        """Remove a call that no longer waits, if it is still there."""
        calls = self.tenants.get(tenant, ())
        if calls and waiter in calls:
            calls.remove(waiter)
            if not calls:
                del self.tenants[tenant]


@dataclass
class _Bucket:
    """A token bucket: each call takes a token; `at` is the time of the last refill, in the event loop's seconds."""

    rate: float
    size: float
    tokens: float
    at: float
    waiting: dict[Urgency, _Class] = field(default_factory=lambda: {each: _Class() for each in Urgency})
    served: int = 0
    timer: asyncio.TimerHandle | None = None

    def refill(self, now: float) -> None:
        self.tokens = min(self.size, self.tokens + (now - self.at) * self.rate)
        self.at = now

    def next(self) -> _Class | None:
        classes = [each for each in self.waiting.values() if each.tenants]
        if self.served % _TURN == _TURN - 1 and len(classes) > 1:
            return min(classes[1:], key=lambda each: each.first.order)
        return next(iter(classes), None)


class RateLimiter:
    """Token buckets per account, region and documented limit; one object for the whole process and event loop."""

    def __init__(self, limit: Callable[[str, str], RateLimit | None] = rate_limit) -> None:
        """Start with full buckets; `limit` returns the documented limit of a service's action."""
        self._limit = limit
        self._order = itertools.count()
        self._buckets: dict[tuple[str, str, str], _Bucket] = {}

    async def wait(self, call: Call) -> None:
        """Wait until the call may be made.

        Raises RateLimited if too many of its class wait, or if it waits too long; the call must then not be made.
        """
        limit = self._limit(call.service, call.action)
        if limit is None:
            return
        bucket, urgency, now = self._bucket(call, limit), _urgency(call), asyncio.get_running_loop().time()
        bucket.refill(now)
        if bucket.tokens >= 1 and bucket.next() is None:
            bucket.tokens -= 1
            return
        if (bucket.waiting[urgency].ahead(call.tenant) + 1 - bucket.tokens) / bucket.rate > _QUEUE[urgency]:
            raise _limited(call, urgency)
        await self._turn(bucket, urgency, call)

    async def _turn(self, bucket: _Bucket, urgency: Urgency, call: Call) -> None:
        waiter = _Waiter(next(self._order), asyncio.get_running_loop().create_future())
        bucket.waiting[urgency].add(call.tenant, waiter)
        self._arm(bucket)
        try:
            async with asyncio.timeout(_PATIENCE[urgency]):
                await waiter.turn
        except TimeoutError:
            raise _limited(call, urgency) from None
        finally:
            bucket.waiting[urgency].remove(call.tenant, waiter)

    def _bucket(self, call: Call, limit: RateLimit) -> _Bucket:
        key = (call.account, call.region, limit.bucket)
        if key not in self._buckets:
            rate = SHARE * limit.per_second
            # within any second, the calls at once and those of the second stay below what AWS allows
            size = max(1.0, SHARE * limit.burst if limit.burst > limit.per_second else limit.per_second - rate)
            self._buckets[key] = _Bucket(rate, size, size, asyncio.get_running_loop().time())
        return self._buckets[key]

    def _arm(self, bucket: _Bucket) -> None:
        """Wake the next waiter when there is a token for it."""
        if bucket.timer is None and bucket.next() is not None:
            seconds = max(0.0, (1 - bucket.tokens) / bucket.rate)
            bucket.timer = asyncio.get_running_loop().call_later(seconds, self._serve, bucket)

    def _serve(self, bucket: _Bucket) -> None:
        bucket.timer = None
        bucket.refill(asyncio.get_running_loop().time())
        while bucket.tokens >= 1 - _ROUNDING and (first := bucket.next()):
            waiter = first.take()
            if not waiter.turn.done():  # its caller was cancelled
                waiter.turn.set_result(None)
                bucket.tokens -= 1
                bucket.served += 1
        self._arm(bucket)


def _urgency(call: Call) -> Urgency:
    if call.lane is Lane.DELETE or not call.action.startswith(READS):
        return Urgency.FIRST
    return Urgency.RESYNC if is_resync() else Urgency.READ


def _limited(call: Call, urgency: Urgency) -> RateLimited:
    message = (
        f"the operator makes {call.service}:{call.action} later, because its calls reach the rate that AWS allows the "
        "account; retried automatically"
    )
    return RateLimited(Reason.AWS_THROTTLED, message, _AGAIN[urgency])
