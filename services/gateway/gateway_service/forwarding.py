"""Forwards a request to its service, with limits on concurrency, size and time. It never retries.

Only the caller knows whether a request is safe to repeat. Each service has its own limit of concurrent calls, so that
one that hangs leaves connections to the others.
"""

import asyncio
from collections.abc import Mapping
from http import HTTPStatus

import httpx2

from gateway_service.messages import GatewayError, Headers, ProxyRequest, ProxyResponse, from_raw, to_raw
from shop_shared import tracing
from shop_shared.resilience import deadline
from shop_shared.resilience.bulkhead import Bulkhead, BulkheadFull

CONNECT_SECONDS = 3
MAX_CONCURRENT = 256
MAX_CONCURRENT_OF_ONE = 128
MAX_PAYLOAD_BYTES = 10_485_760
"""Of a request's body and of a response's: "Payload size" in the quotas of HTTP APIs."""
SERVICE_HEADER = "x-microservice"

# RFC 9110, 7.6.1: these headers belong to one connection, not to the message.
_HOP_BY_HOP = frozenset({
    "connection", "keep-alive", "proxy-authenticate", "proxy-authorization", "proxy-connection", "te", "trailer",
    "transfer-encoding", "upgrade",
})  # fmt: skip
# uvicorn adds the gateway's own.
_OF_THE_SERVER = frozenset({"date", "server"})
# The gateway sets these itself.
_REPLACED = frozenset(
    {
        *("host", "content-length", "x-forwarded-for", "x-forwarded-host", "x-forwarded-proto"),
        *("traceparent", "tracestate", deadline.HEADER, SERVICE_HEADER),
    }
)


class Forwarder:
    """Calls the services of the cluster."""

    def __init__(
        self,
        timeout_seconds: float,
        addresses: Mapping[str, str] | None = None,
        max_concurrent_of_one: int = MAX_CONCURRENT_OF_ONE,
    ) -> None:
        """`addresses` maps `<name>.<namespace>` to a URL, for services outside the cluster's DNS."""
        self._timeout_seconds = timeout_seconds
        self._max_concurrent_of_one = max_concurrent_of_one
        self._bulkheads: dict[str, Bulkhead] = {}
        self._addresses = dict(addresses or {})
        self._client = httpx2.AsyncClient(
            timeout=httpx2.Timeout(timeout_seconds, connect=CONNECT_SECONDS, pool=CONNECT_SECONDS),
            limits=httpx2.Limits(max_connections=MAX_CONCURRENT, max_keepalive_connections=32, keepalive_expiry=30),
            trust_env=False,  # a proxy variable must not send cluster traffic out of the cluster
            follow_redirects=False,
        )

    async def send(self, service: str, request: ProxyRequest) -> ProxyResponse:
        """Return the service's response, with any status. Raises GatewayError without one."""
        try:
            with deadline.within(self._timeout_seconds), tracing.client_span(f"{request.method} {service}"):
                async with self._bulkhead(service).slot(0), asyncio.timeout(deadline.remaining()):
                    return await self._receive(self._outgoing(service, request))
        except (BulkheadFull, httpx2.PoolTimeout) as error:
            raise GatewayError(HTTPStatus.SERVICE_UNAVAILABLE, "too many requests are in progress") from error
        except (TimeoutError, httpx2.TimeoutException, deadline.DeadlineExceeded) as error:
            raise GatewayError(HTTPStatus.GATEWAY_TIMEOUT, "the service does not answer in time") from error
        except httpx2.TransportError as error:
            reason = f"the service is unreachable or closed the connection: {type(error).__name__}"
            raise GatewayError(HTTPStatus.BAD_GATEWAY, reason) from error

    async def close(self) -> None:
        """Close the connections."""
        await self._client.aclose()

    def _bulkhead(self, service: str) -> Bulkhead:
        if service not in self._bulkheads:  # the names come from the routes, so there are few
            self._bulkheads[service] = Bulkhead(service, self._max_concurrent_of_one)
        return self._bulkheads[service]

    def _outgoing(self, service: str, request: ProxyRequest) -> httpx2.Request:
        base = httpx2.URL(self._addresses.get(service, f"http://{service}.svc"))
        target = f"{request.path}?{request.query}" if request.query else request.path
        # Created without the client, which would add headers such as accept-encoding.
        return httpx2.Request(
            request.method,
            base.copy_with(raw_path=target.encode("ascii")),
            headers=to_raw((*_forwarded_headers(request.headers), *_added_headers(service, request))),
            content=request.body or None,
            extensions={"timeout": self._client.timeout.as_dict()},
        )

    async def _receive(self, request: httpx2.Request) -> ProxyResponse:
        response = await self._client.send(request, stream=True)
        try:
            body = bytearray()
            async for chunk in response.aiter_raw():  # not decoded: the caller decodes it
                body += chunk
                if len(body) > MAX_PAYLOAD_BYTES:
                    raise GatewayError(HTTPStatus.INTERNAL_SERVER_ERROR, "the service's response is too long")
        finally:
            await response.aclose()
        headers = _end_to_end(from_raw(response.headers.raw))
        kept = tuple(header for header in headers if header[0] not in _OF_THE_SERVER)
        return ProxyResponse(response.status_code, kept, bytes(body))


def _forwarded_headers(headers: Headers) -> Headers:
    return tuple(header for header in _end_to_end(headers) if header[0] not in _REPLACED)


def _added_headers(service: str, request: ProxyRequest) -> Headers:
    """Return the caller's address, the trace, which may begin here, and the remaining time."""
    context: dict[str, str] = {}
    tracing.inject(context)
    deadline.inject(context)
    earlier_hops = request.header("x-forwarded-for")
    return (
        (SERVICE_HEADER, service),
        ("x-forwarded-for", f"{earlier_hops}, {request.peer}" if earlier_hops else request.peer),
        ("x-forwarded-host", request.header("host")),
        ("x-forwarded-proto", "http"),
        *context.items(),
    )


def _end_to_end(headers: Headers) -> Headers:
    dropped = {
        name.strip().lower() for key, value in headers if key == "connection" for name in value.split(",")
    } | _HOP_BY_HOP
    return tuple(header for header in headers if header[0] not in dropped)
