"""Clients that send a head or a body slowly, or never to its end, over real connections to a served application."""

import asyncio
import socket
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Annotated, Any

import httpx2
import pytest
import uvicorn
from fastapi import APIRouter, Body
from prometheus_client import REGISTRY

from shop_shared import application, http_protocol
from shop_shared.callers import PUBLIC
from shop_shared.settings import ServiceSettings

HEAD = b"POST /echo HTTP/1.1\r\nhost: here\r\ncontent-type: application/json\r\n"
JSON = {"content-type": "application/json"}
Serve = Callable[..., Any]


class Served:
    """The application on a port, and how many of its requests are being handled."""

    def __init__(self, port: int) -> None:
        self.port = port
        self.url = f"http://127.0.0.1:{port}"
        self.handled = 0
        self.may_answer = asyncio.Event()
        self.clients: list[asyncio.StreamWriter] = []

    def routes(self) -> APIRouter:
        routes = APIRouter()

        @routes.post("/echo", openapi_extra=PUBLIC)
        async def echo(body: Annotated[list[int], Body()]) -> list[int]:
            return body

        @routes.post("/waits", openapi_extra=PUBLIC)
        async def waits(body: Annotated[list[int], Body()]) -> list[int]:
            self.handled += 1
            await self.may_answer.wait()
            return body

        return routes


@asynccontextmanager
async def served(**limits: Any) -> AsyncIterator[Served]:
    async def ready() -> None:
        return

    listening = socket.create_server(("127.0.0.1", 0))
    here = Served(listening.getsockname()[1])
    settings = ServiceSettings(service_name="echo", **limits)
    app = application.build(settings, application.ServiceDefinition("Echo", here.routes(), ready))
    config = uvicorn.Config(app, http=http_protocol.BoundedProtocol, ws="none", log_config=None, access_log=False)
    server = uvicorn.Server(config)
    running = asyncio.create_task(server._serve([listening]))  # without uvicorn's handlers of signals
    while not server.started:  # noqa: ASYNC110  (uvicorn has no event for it)
        await asyncio.sleep(0.01)
    yield here
    here.may_answer.set()
    for client in here.clients:
        client.close()
    await asyncio.gather(*(client.wait_closed() for client in here.clients), return_exceptions=True)
    server.should_exit = True
    await running


@pytest.fixture
async def serve() -> AsyncIterator[Serve]:
    async with AsyncExitStack() as stack:

        async def start(**limits: Any) -> Served:
            return await stack.enter_async_context(served(**limits))

        yield start


class Connection:
    """A client that sends the bytes it is told to, and reads what comes back."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self._writer = writer

    @classmethod
    async def sending(cls, served: Served, sent: bytes) -> "Connection":
        made = cls(*await asyncio.open_connection("127.0.0.1", served.port))
        served.clients.append(made._writer)
        await made.send(sent)
        return made

    async def send(self, sent: bytes) -> None:
        self._writer.write(sent)
        await self._writer.drain()

    async def status(self) -> int:
        head = await self._reader.readuntil(b"\r\n\r\n")
        length = head.lower().partition(b"content-length: ")[2].partition(b"\r\n")[0]
        await self._reader.readexactly(int(length))
        return int(head.split(b" ")[1])

    async def rest(self) -> bytes:
        """Return what comes until the server closes the connection."""
        try:
            return await self._reader.read()
        except ConnectionResetError:
            return b""

    def close(self) -> None:
        self._writer.close()


def incoming() -> float | None:
    return REGISTRY.get_sample_value("http_bodies_incoming")


async def slow_bodies(served: Served, count: int, body: bytes = b"[") -> list[Connection]:
    """Begin bodies one after another, so that their order is known."""
    before, begun = incoming() or 0, []
    for number in range(count):
        begun.append(await Connection.sending(served, HEAD + b"content-length: 50\r\n\r\n" + body))
        while incoming() != before + number + 1:  # noqa: ASYNC110  (the server changes it)
            await asyncio.sleep(0.01)
    return begun


async def test_slow_bodies_take_no_place_from_other_requests(http: httpx2.AsyncClient, serve: Serve) -> None:
    here = await serve(max_requests=2, request_timeout_seconds=60)
    await slow_bodies(here, 20)
    for _ in range(5):
        assert (await http.post(f"{here.url}/echo", json=[1])).json() == [1]
    assert (await http.get(f"{here.url}/health")).status_code == 200


@pytest.mark.parametrize("framing", [b"content-length: 50\r\n\r\n[", b"transfer-encoding: chunked\r\n\r\n1\r\n[\r\n"])
async def test_a_body_that_does_not_end_gets_408_at_the_deadline(framing: bytes, serve: Serve) -> None:
    here = await serve(request_timeout_seconds=0.2)
    answer = await (await Connection.sending(here, HEAD + framing)).rest()  # the server closes the connection
    assert answer.startswith(b"HTTP/1.1 408 ")
    assert b"connection: close" in answer.lower()
    assert b"urn:shop:problem:body-too-slow" in answer


async def test_the_callers_shorter_deadline_limits_its_body(serve: Serve) -> None:
    here = await serve(request_timeout_seconds=600)
    slow = await Connection.sending(here, HEAD + b"x-request-timeout-ms: 100\r\ncontent-length: 50\r\n\r\n[")
    assert (await slow.rest()).startswith(b"HTTP/1.1 408 ")


async def test_of_too_many_incoming_bodies_the_oldest_gets_408(http: httpx2.AsyncClient, serve: Serve) -> None:
    here = await serve(max_incoming_bodies=3, request_timeout_seconds=600)
    first, second, third = await slow_bodies(here, 3)
    assert (await http.post(f"{here.url}/echo", json=[1])).json() == [1]
    assert (await first.rest()).startswith(b"HTTP/1.1 408 ")
    for kept in (second, third):
        await kept.send(b"2]".rjust(49))
        assert await kept.status() == 200


async def test_memory_is_taken_from_the_oldest_incoming_body(http: httpx2.AsyncClient, serve: Serve) -> None:
    here = await serve(max_held_body_bytes=100, request_timeout_seconds=600)
    first, second = await slow_bodies(here, 2, b"[".rjust(45))
    assert (await http.post(f"{here.url}/echo", content=b"[1]".rjust(40), headers=JSON)).json() == [1]
    assert (await first.rest()).startswith(b"HTTP/1.1 408 ")
    await second.send(b"2]".rjust(5))
    assert await second.status() == 200


async def test_without_memory_for_one_more_body_the_answer_is_503(http: httpx2.AsyncClient, serve: Serve) -> None:
    here = await serve(max_held_body_bytes=100, request_timeout_seconds=600)
    held = asyncio.create_task(http.post(f"{here.url}/waits", content=b"[1]".rjust(90), headers=JSON))
    while not here.handled:  # noqa: ASYNC110
        await asyncio.sleep(0.01)
    refused = await http.post(f"{here.url}/echo", content=b"[2]".rjust(20), headers=JSON)
    assert (refused.status_code, refused.json()["type"]) == (503, "urn:shop:problem:overloaded")
    assert int(refused.headers["retry-after"]) > 0
    here.may_answer.set()
    assert (await held).json() == [1]
    assert (await http.post(f"{here.url}/echo", content=b"[2]".rjust(20), headers=JSON)).json() == [2]


async def test_a_client_that_leaves_frees_its_place(serve: Serve) -> None:
    here = await serve(request_timeout_seconds=600)
    before = incoming() or 0
    (slow,) = await slow_bodies(here, 1)
    slow.close()
    while incoming() != before:  # noqa: ASYNC110
        await asyncio.sleep(0.01)


@pytest.mark.parametrize("sent", [b"", b"POST /echo HT", HEAD])
async def test_a_head_that_does_not_end_closes_the_connection(
    sent: bytes, serve: Serve, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(http_protocol, "HEAD_SECONDS", 0.2)
    here = await serve()
    answer = await (await Connection.sending(here, sent)).rest()
    assert answer.startswith(b"HTTP/1.1 408 ") if sent else answer == b""


async def test_the_head_of_a_later_request_has_the_same_limit(serve: Serve, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(http_protocol, "HEAD_SECONDS", 0.5)
    here = await serve()
    whole = HEAD + b"content-length: 3\r\n\r\n[1]"
    client = await Connection.sending(here, whole)
    assert await client.status() == 200
    await asyncio.sleep(0.7)  # an idle connection stays open for longer than a head may take
    await client.send(whole)
    assert await client.status() == 200
    await client.send(b"POST /ec")
    assert (await client.rest()).startswith(b"HTTP/1.1 408 ")


async def test_an_endless_body_after_its_answer_closes_the_connection(
    serve: Serve, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(http_protocol, "REST_SECONDS", 0.2)
    here = await serve(max_body_bytes=10)
    client = await Connection.sending(here, HEAD + b"content-length: 1000000000\r\n\r\n")
    assert await client.status() == 413

    async def endless() -> None:
        while True:
            await client.send(b"x" * 100)
            await asyncio.sleep(0.02)

    sending = asyncio.create_task(endless())
    assert await client.rest() == b""
    sending.cancel()
    await asyncio.gather(sending, return_exceptions=True)


async def test_the_rest_of_a_body_that_ends_keeps_the_connection(serve: Serve, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(http_protocol, "REST_SECONDS", 0.5)
    here = await serve(max_body_bytes=10)
    client = await Connection.sending(here, HEAD + b"content-length: 100\r\n\r\n")
    assert await client.status() == 413
    await client.send(b"x" * 100)
    await asyncio.sleep(0.7)  # longer than the limit that the end of the body has lifted
    await client.send(HEAD + b"content-length: 3\r\n\r\n[1]")
    assert await client.status() == 200


async def test_websockets_are_refused_and_other_upgrades_ignored(http: httpx2.AsyncClient, serve: Serve) -> None:
    here = await serve()
    websocket = {"connection": "Upgrade", "upgrade": "websocket", "sec-websocket-version": "13"}
    refused = await http.get(f"{here.url}/health", headers=websocket)
    assert (refused.status_code, refused.json()["type"]) == (400, "urn:shop:problem:no-websocket")
    java = {"connection": "Upgrade, HTTP2-Settings", "upgrade": "h2c", "http2-settings": "AAEAAEAAAAIAAAABAAMAAABk"}
    assert (await http.post(f"{here.url}/echo", json=[1], headers=java)).json() == [1]


async def test_head_is_answered_like_get_without_the_body(http: httpx2.AsyncClient, serve: Serve) -> None:
    here = await serve()
    full, head = await http.get(f"{here.url}/openapi.json"), await http.head(f"{here.url}/openapi.json")
    assert (head.status_code, head.content) == (200, b"")
    assert head.headers["content-length"] == str(len(full.content))
    raw = await Connection.sending(here, b"HEAD /openapi.json HTTP/1.1\r\nhost: here\r\nconnection: close\r\n\r\n")
    assert (await raw.rest()).endswith(b"\r\n\r\n")
