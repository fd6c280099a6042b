"""Calls to another service of the shop: a bounded pool, time limits, the trace, and retries that cannot do harm.

Every call made here may be repeated without changing more than the first one did: reads, and writes under a key. So
a lost answer or an overloaded service is tried again, with jitter, a few times; what then still fails is
``UpstreamUnavailable``.
"""

import httpx2
import stamina
import structlog

from order_service.ports import UpstreamUnavailable
from shop_shared import tracing

log = structlog.get_logger(__name__)

_TRY_AGAIN = frozenset({429, 502, 503, 504})


class _Refused(Exception):
    """The service answered that it cannot right now."""


class Upstream:
    def __init__(self, name: str, url: str, timeout_seconds: float) -> None:
        self._name = name
        self._attempts_seconds = 3 * timeout_seconds
        self._client = httpx2.AsyncClient(
            base_url=url,
            timeout=timeout_seconds,
            # Idle connections are dropped here long before the other side would: see shop_shared.server.
            limits=httpx2.Limits(max_connections=64, max_keepalive_connections=16, keepalive_expiry=30),
            trust_env=False,  # a proxy variable must not lead cluster traffic out of the cluster
            event_hooks={"request": [_trace]},
        )

    async def send(
        self, method: str, path: str, *, json: object = None, headers: dict[str, str] | None = None
    ) -> httpx2.Response:
        """The answer, whatever its status below 500. For requests that may be repeated only."""
        try:
            async for attempt in stamina.retry_context(
                on=(httpx2.TransportError, _Refused),
                attempts=3,
                timeout=self._attempts_seconds,
                wait_initial=0.05,
                wait_max=0.5,
                wait_jitter=0.2,
            ):
                with attempt:
                    response = await self._client.request(method, path, json=json, headers=headers)
                    if response.status_code in _TRY_AGAIN:
                        raise _Refused(response.status_code)  # noqa: TRY301  (inside the retry on purpose)
        except (httpx2.TransportError, _Refused) as error:
            log.warning("upstream does not answer", upstream=self._name, error=type(error).__name__)
            raise UpstreamUnavailable(self._name) from error
        if response.is_server_error:
            raise self.unexpected(response)
        return response

    def unexpected(self, response: httpx2.Response) -> UpstreamUnavailable:
        """An answer that the contract between the two services does not know."""
        log.error("upstream answered unexpectedly", upstream=self._name, status=response.status_code)
        return UpstreamUnavailable(self._name)

    async def close(self) -> None:
        await self._client.aclose()


async def _trace(request: httpx2.Request) -> None:
    tracing.inject(request.headers)
