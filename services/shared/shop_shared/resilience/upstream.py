"""Calls to another service of the shop.

    deadline → retries, within a budget → [ bulkhead → breaker → time limit → HTTP, with the trace ]

Every call made here may be repeated without changing more than the first one did: reads, and writes under a key. So a
lost answer or an overloaded service is tried again, with jitter, a few times; what then still fails is
``UpstreamUnavailable``, and the caller decides what it can do without.
"""

import asyncio
from dataclasses import dataclass, field
from typing import Any

import httpx2
import stamina
import structlog
from prometheus_client import Counter, Histogram

from shop_shared import tracing
from shop_shared.resilience import deadline
from shop_shared.resilience.breaker import Breaker, BreakerPolicy, CircuitOpen
from shop_shared.resilience.budget import RetryBudget
from shop_shared.resilience.bulkhead import Bulkhead, BulkheadFull
from shop_shared.resilience.deadline import DeadlineExceeded

log = structlog.get_logger(__name__)

_calls = Counter("upstream_calls", "Calls to another service, retries included", ["upstream", "outcome"])
_seconds = Histogram("upstream_call_duration_seconds", "How long another service took", ["upstream"])

_TRY_AGAIN = frozenset({429, 502, 503, 504})


@dataclass(frozen=True)
class UpstreamPolicy:
    timeout_seconds: float = 3
    attempts: int = 3
    calls_at_once: int = 64
    breaker: BreakerPolicy = field(default_factory=BreakerPolicy)


@dataclass
class UpstreamUnavailable(Exception):
    """Another service does not answer, or not in the way it should; it may still have done what was asked."""

    service: str
    retry_after: float = 2
    in_doubt: bool = True
    """False: it has not been asked, so it has done nothing."""


class _Refused(Exception):
    """The service answered that it cannot right now."""


class _Broken(Exception):
    """The service answered with an error of its own."""


_LOST = (httpx2.TransportError, TimeoutError)
_REPEATED = (*_LOST, _Refused)


class Upstream:
    def __init__(self, name: str, url: str, policy: UpstreamPolicy | None = None) -> None:
        self.name = name
        self._policy = policy or UpstreamPolicy()
        self._budget = RetryBudget()
        self._bulkhead = Bulkhead(name, self._policy.calls_at_once)
        self.breaker = Breaker(name, self._policy.breaker)
        self._client = httpx2.AsyncClient(
            base_url=url,
            timeout=self._policy.timeout_seconds,
            # Idle connections are dropped here long before the other side would: see shop_shared.server.
            limits=httpx2.Limits(
                max_connections=self._policy.calls_at_once, max_keepalive_connections=16, keepalive_expiry=30
            ),
            trust_env=False,  # a proxy variable must not lead cluster traffic out of the cluster
        )

    async def send(
        self,
        method: str,
        path: str,
        *,
        json: object = None,
        params: dict[str, str] | None = None,
        headers: dict[str, str] | None = None,
    ) -> httpx2.Response:
        """The answer, whatever its status below 500. For requests that may be repeated only.

        Raises ``UpstreamUnavailable``, ``DeadlineExceeded``.
        """
        self._budget.deposit()
        number = 0

        def may_repeat(error: Exception) -> bool:
            return isinstance(error, _REPEATED) and number < self._policy.attempts and self._budget.withdraw()

        request = {"method": method, "url": path, "json": json, "params": params, "headers": headers}
        try:
            async for attempt in stamina.retry_context(
                on=may_repeat,
                attempts=self._policy.attempts,
                timeout=deadline.remaining(),
                wait_initial=0.05,
                wait_max=0.5,
                wait_jitter=0.2,
            ):
                number = attempt.num
                with attempt:
                    return await self._once(request)
        except (*_REPEATED, _Broken, BulkheadFull) as error:
            log.warning("upstream does not answer", upstream=self.name, error=type(error).__name__)
            was_asked = number > 1 or not isinstance(error, BulkheadFull)
            raise UpstreamUnavailable(self.name, in_doubt=was_asked) from error
        except CircuitOpen as refused:
            raise UpstreamUnavailable(self.name, refused.retry_after, in_doubt=number > 1) from refused
        raise AssertionError("stamina ends with an answer or an exception")

    def unexpected(self, response: httpx2.Response) -> UpstreamUnavailable:
        """An answer that the contract between the two services does not know."""
        log.error("upstream answered unexpectedly", upstream=self.name, status=response.status_code)
        return UpstreamUnavailable(self.name)

    async def close(self) -> None:
        await self._client.aclose()

    async def _once(self, request: dict[str, Any]) -> httpx2.Response:
        left = deadline.remaining()
        limit = self._policy.timeout_seconds if left is None else min(left, self._policy.timeout_seconds)
        async with self._bulkhead.place(limit):
            with self.breaker.guarding((*_LOST, _Refused, _Broken), undecided=(DeadlineExceeded,)):
                with tracing.client_span(f"{request['method']} {self.name}"), _seconds.labels(self.name).time():
                    response = await self._answer(request, limit)
                return self._checked(response)

    async def _answer(self, request: dict[str, Any], limit: float) -> httpx2.Response:
        headers = dict(request["headers"] or {})
        tracing.inject(headers)
        deadline.inject(headers)
        try:
            async with asyncio.timeout(limit):
                return await self._client.request(**{**request, "headers": headers})
        except _LOST as error:
            _calls.labels(self.name, "lost").inc()
            # Cut short by our own caller's haste: that says nothing about the other service.
            if isinstance(error, TimeoutError) and limit < self._policy.timeout_seconds:
                raise DeadlineExceeded from error
            raise

    def _checked(self, response: httpx2.Response) -> httpx2.Response:
        status = response.status_code
        _calls.labels(self.name, f"{status // 100}xx").inc()
        if status in _TRY_AGAIN:
            raise _Refused(status)
        if response.is_server_error:
            log.error("upstream failed", upstream=self.name, status=status)
            raise _Broken(status)
        return response
