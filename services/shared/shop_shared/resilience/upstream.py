"""Calls to another service of the shop.

    deadline → retries, within a budget → [ bulkhead → breaker → timeout → HTTP, with the trace ]

Every call here is idempotent: a read, or a write under an idempotency key. So a lost answer or an overloaded service is
retried a few times, with jitter. If the last attempt fails too, the call raises ``UpstreamUnavailable``, and the caller
decides what it can do without the answer.
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
from shop_shared.resilience.bulkhead import Bulkhead, BulkheadFull
from shop_shared.resilience.deadline import DeadlineExceeded
from shop_shared.resilience.retry_budget import RetryBudget

log = structlog.get_logger(__name__)

_calls = Counter("upstream_calls", "Calls to another service, including retries", ["upstream", "outcome"])
_seconds = Histogram("upstream_call_duration_seconds", "Duration of a call to another service", ["upstream"])

_RETRYABLE_STATUSES = frozenset({429, 502, 503, 504})


@dataclass(frozen=True)
class UpstreamPolicy:
    timeout_seconds: float = 3
    attempts: int = 3
    max_concurrent_calls: int = 64
    breaker: BreakerPolicy = field(default_factory=BreakerPolicy)


@dataclass
class UpstreamUnavailable(Exception):
    """Another service does not answer, or its answer is unexpected. It may still have performed the request."""

    service: str
    retry_after: float = 2
    in_doubt: bool = True
    """False: the request was not sent, so the service did nothing."""


class _RetryableStatus(Exception):
    """The service answered that it cannot serve the request right now."""


class _ServerError(Exception):
    """The service answered with an internal error."""


_LOST = (httpx2.TransportError, TimeoutError)
_RETRYABLE = (*_LOST, _RetryableStatus)


class Upstream:
    def __init__(self, name: str, url: str, policy: UpstreamPolicy | None = None) -> None:
        self.name = name
        self._policy = policy or UpstreamPolicy()
        self._budget = RetryBudget()
        self._bulkhead = Bulkhead(name, self._policy.max_concurrent_calls)
        self.breaker = Breaker(name, self._policy.breaker)
        self._client = httpx2.AsyncClient(
            base_url=url,
            timeout=self._policy.timeout_seconds,
            # This side closes idle connections long before the server does: see shop_shared.server.
            limits=httpx2.Limits(
                max_connections=self._policy.max_concurrent_calls, max_keepalive_connections=16, keepalive_expiry=30
            ),
            trust_env=False,  # a proxy variable must not send cluster traffic out of the cluster
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
        """Send an idempotent request. Returns any response whose status is below 500.

        Raises ``UpstreamUnavailable``, ``DeadlineExceeded``.
        """
        self._budget.deposit()
        number = 0

        def should_retry(error: Exception) -> bool:
            return isinstance(error, _RETRYABLE) and number < self._policy.attempts and self._budget.withdraw()

        request = {"method": method, "url": path, "json": json, "params": params, "headers": headers}
        try:
            async for attempt in stamina.retry_context(
                on=should_retry,
                attempts=self._policy.attempts,
                timeout=deadline.remaining(),
                wait_initial=0.05,
                wait_max=0.5,
                wait_jitter=0.2,
            ):
                number = attempt.num
                with attempt:
                    return await self._attempt(request)
        except (*_RETRYABLE, _ServerError, BulkheadFull) as error:
            log.warning("upstream does not answer", upstream=self.name, error=type(error).__name__)
            was_sent = number > 1 or not isinstance(error, BulkheadFull)
            raise UpstreamUnavailable(self.name, in_doubt=was_sent) from error
        except CircuitOpen as rejected:
            raise UpstreamUnavailable(self.name, rejected.retry_after, in_doubt=number > 1) from rejected
        raise AssertionError("stamina ends with an answer or an exception")

    def unexpected_response(self, response: httpx2.Response) -> UpstreamUnavailable:
        """Log a response that the contract between the two services does not define."""
        log.error("upstream sent an unexpected response", upstream=self.name, status=response.status_code)
        return UpstreamUnavailable(self.name)

    async def close(self) -> None:
        await self._client.aclose()

    async def _attempt(self, request: dict[str, Any]) -> httpx2.Response:
        left = deadline.remaining()
        limit = self._policy.timeout_seconds if left is None else min(left, self._policy.timeout_seconds)
        async with self._bulkhead.slot(limit):
            with self.breaker.guard((*_LOST, _RetryableStatus, _ServerError), inconclusive=(DeadlineExceeded,)):
                with tracing.client_span(f"{request['method']} {self.name}"), _seconds.labels(self.name).time():
                    response = await self._request(request, limit)
                self._check_status(response)
                return response

    async def _request(self, request: dict[str, Any], limit: float) -> httpx2.Response:
        headers = dict(request["headers"] or {})
        tracing.inject(headers)
        deadline.inject(headers)
        try:
            async with asyncio.timeout(limit):
                return await self._client.request(**{**request, "headers": headers})
        except _LOST as error:
            _calls.labels(self.name, "lost").inc()
            # The caller's deadline ended the call early: that says nothing about the other service.
            if isinstance(error, TimeoutError) and limit < self._policy.timeout_seconds:
                raise DeadlineExceeded from error
            raise

    def _check_status(self, response: httpx2.Response) -> None:
        status = response.status_code
        _calls.labels(self.name, f"{status // 100}xx").inc()
        if status in _RETRYABLE_STATUSES:
            raise _RetryableStatus(status)
        if response.is_server_error:
            log.error("upstream failed", upstream=self.name, status=status)
            raise _ServerError(status)
