"""Sends a request to its service and brings the answer back: bounded in number, size and time, never repeated.

Whoever sent it knows whether it may be sent again; a gateway does not.
"""

import asyncio
from collections.abc import Mapping
from http import HTTPStatus

import httpx2

from gateway_service.answers import Answer, Call, Headers, Refusal
from shop_shared import tracing
from shop_shared.resilience import deadline

CONNECT_SECONDS = 3
MAX_UNDER_WAY = 256
MAX_ANSWER_BYTES = 10_485_760  # "Payload size" in the quotas of HTTP APIs
SERVICE_HEADER = "x-microservice"

# RFC 9110, 7.6.1: of one connection, not of the message. `host` and the length are those of the next connection.
_HOP_BY_HOP = frozenset({
    "connection", "keep-alive", "proxy-authenticate", "proxy-authorization", "proxy-connection", "te", "trailer",
    "transfer-encoding", "upgrade",
})  # fmt: skip
_OURS = frozenset(
    {
        *("host", "content-length", "x-forwarded-for", "x-forwarded-host", "x-forwarded-proto"),
        *("traceparent", "tracestate", deadline.HEADER, SERVICE_HEADER),
    }
)


class Forwarder:
    """Calls the services of the cluster."""

    def __init__(self, timeout_seconds: float, addresses: Mapping[str, str] | None = None) -> None:
        """`addresses` are for services that the cluster's DNS does not know, by `<name>.<namespace>`."""
        self._timeout_seconds = timeout_seconds
        self._addresses = dict(addresses or {})
        self._client = httpx2.AsyncClient(
            timeout=httpx2.Timeout(timeout_seconds, connect=CONNECT_SECONDS, pool=CONNECT_SECONDS),
            limits=httpx2.Limits(max_connections=MAX_UNDER_WAY, max_keepalive_connections=32, keepalive_expiry=30),
            trust_env=False,  # a proxy variable must not lead cluster traffic out of the cluster
            follow_redirects=False,
        )

    async def send(self, service: str, call: Call) -> Answer:
        """The service's answer, whatever it is; raises Refusal when there is none."""
        try:
            with deadline.within(self._timeout_seconds), tracing.client_span(f"{call.method} {service}"):
                async with asyncio.timeout(deadline.remaining()):
                    return await self._answer(self._request(service, call))
        except httpx2.PoolTimeout as error:
            raise Refusal(HTTPStatus.SERVICE_UNAVAILABLE, "too many requests are under way") from error
        except (TimeoutError, httpx2.TimeoutException, deadline.DeadlineExceeded) as error:
            raise Refusal(HTTPStatus.GATEWAY_TIMEOUT, "the service does not answer in time") from error
        except httpx2.TransportError as error:
            reason = f"the service cannot be reached or breaks off: {type(error).__name__}"
            raise Refusal(HTTPStatus.BAD_GATEWAY, reason) from error

    async def close(self) -> None:
        """Let go of connections."""
        await self._client.aclose()

    def _request(self, service: str, call: Call) -> httpx2.Request:
        base = httpx2.URL(self._addresses.get(service, f"http://{service}.svc"))
        target = f"{call.path}?{call.query}" if call.query else call.path
        # Made by itself: the client would add headers of its own, accept-encoding among them.
        return httpx2.Request(
            call.method,
            base.copy_with(raw_path=target.encode("ascii")),
            headers=[*_passed_on(call.headers), *_added(service, call)],
            content=call.body or None,
            extensions={"timeout": self._client.timeout.as_dict()},
        )

    async def _answer(self, request: httpx2.Request) -> Answer:
        response = await self._client.send(request, stream=True)
        try:
            body = bytearray()
            async for chunk in response.aiter_raw():  # as it is: who asked decodes it
                body += chunk
                if len(body) > MAX_ANSWER_BYTES:
                    raise Refusal(HTTPStatus.INTERNAL_SERVER_ERROR, "the service's answer is too long")
        finally:
            await response.aclose()
        headers = tuple((name.lower(), value) for name, value in response.headers.multi_items())
        return Answer(response.status_code, _end_to_end(headers), bytes(body))


def _passed_on(headers: Headers) -> Headers:
    return tuple(header for header in _end_to_end(headers) if header[0] not in _OURS)


def _added(service: str, call: Call) -> Headers:
    """What the next one cannot see for itself: who asks, the trace, which may begin here, and the time that is left."""
    passed: dict[str, str] = {}
    tracing.inject(passed)
    deadline.inject(passed)
    before = call.header("x-forwarded-for")
    return (
        (SERVICE_HEADER, service),
        ("x-forwarded-for", f"{before}, {call.peer}" if before else call.peer),
        ("x-forwarded-host", call.header("host")),
        ("x-forwarded-proto", "http"),
        *passed.items(),
    )


def _end_to_end(headers: Headers) -> Headers:
    named = {
        name.strip().lower() for key, value in headers if key == "connection" for name in value.split(",")
    } | _HOP_BY_HOP
    return tuple(header for header in headers if header[0] not in named)
