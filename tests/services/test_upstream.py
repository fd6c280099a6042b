"""Calls to a failing service, over real connections to a test server whose behaviour the test sets."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack
from itertools import count

import pytest
from prometheus_client import REGISTRY

from shop_shared.resilience import deadline
from shop_shared.resilience.breaker import BreakerPolicy, State
from shop_shared.resilience.deadline import DeadlineExceeded
from shop_shared.resilience.upstream import Upstream, UpstreamPolicy, UpstreamUnavailable

_names = (f"service-{number}" for number in count())


class Server:
    """Answers each request with the next status of its list, and repeats the last one. ``None`` means no response."""

    def __init__(self) -> None:
        self.statuses: list[int | None] = [200]
        self.heads: list[dict[str, str]] = []
        self.busy = 0
        self.most_busy = 0
        self.seconds = 0.0

    @property
    def requests(self) -> int:
        return len(self.heads)

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while True:
                await self._answer(reader, writer)
        except (asyncio.IncompleteReadError, ConnectionError):
            writer.close()

    async def _answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = (await reader.readuntil(b"\r\n\r\n")).decode().lower().splitlines()[1:-1]
        self.heads.append(dict(line.split(": ", 1) for line in head))
        status = self.statuses.pop(0) if len(self.statuses) > 1 else self.statuses[0]
        self.busy += 1
        self.most_busy = max(self.most_busy, self.busy)
        try:
            await asyncio.sleep(self.seconds)
        finally:
            self.busy -= 1
        if status is not None:
            writer.write(f"HTTP/1.1 {status} X\r\ncontent-length: 2\r\n\r\nok".encode())
            await writer.drain()


@pytest.fixture
async def server() -> Server:
    return Server()


def state(upstream: Upstream) -> State:
    return upstream.breaker.state


Connect = Callable[..., Awaitable[Upstream]]


@pytest.fixture
async def connect(server: Server) -> AsyncIterator[Connect]:
    async with AsyncExitStack() as opened:

        async def upstream(policy: UpstreamPolicy | None = None) -> Upstream:
            listening = await asyncio.start_server(server.serve, "127.0.0.1", 0)
            opened.callback(listening.close)
            made = Upstream(next(_names), f"http://127.0.0.1:{listening.sockets[0].getsockname()[1]}", policy)
            opened.push_async_callback(made.close)
            return made

        yield upstream


@pytest.mark.parametrize("status", [429, 502, 503, 504, None])
async def test_temporary_errors_are_retried(status: int | None, server: Server, connect: Connect) -> None:
    server.statuses = [status, status, 201]
    upstream = await connect(UpstreamPolicy(timeout_seconds=1))
    response = await upstream.send("POST", "/reservations", json={})
    assert (response.status_code, server.requests) == (201, 3)


@pytest.mark.parametrize(("status", "requests"), [(503, 3), (500, 1)])
async def test_persistent_errors_raise_upstream_unavailable(
    status: int, requests: int, server: Server, connect: Connect
) -> None:
    server.statuses = [status]
    upstream = await connect()
    with pytest.raises(UpstreamUnavailable):
        await upstream.send("GET", "/")
    assert server.requests == requests


@pytest.mark.parametrize("status", [200, 404, 409, 422])
async def test_a_client_error_is_a_response(status: int, server: Server, connect: Connect) -> None:
    server.statuses = [status]
    upstream = await connect()
    for _ in range(20):
        assert (await upstream.send("GET", "/")).status_code == status
    assert (server.requests, state(upstream)) == (20, State.CLOSED)


async def test_the_breaker_limits_calls_in_an_outage_and_closes_afterwards(server: Server, connect: Connect) -> None:
    """300 requests make at most 1.2 times as many calls. After the outage, one probe passes, and then all calls."""
    server.statuses = [503]
    policy = BreakerPolicy(open_seconds=3)
    upstream = await connect(UpstreamPolicy(breaker=policy))

    async def request() -> str:
        try:
            return str((await upstream.send("GET", "/")).status_code)
        except UpstreamUnavailable:
            return "fallback"

    answers = [answer for _ in range(10) for answer in await asyncio.gather(*(request() for _ in range(30)))]
    assert set(answers) == {"fallback"}
    assert server.requests <= 1.2 * len(answers)
    assert state(upstream) is State.OPEN

    before = server.requests
    assert await request() == "fallback"
    assert server.requests == before

    await asyncio.sleep(policy.open_seconds + 0.1)
    server.statuses, server.seconds = [200], 0.2
    answers = await asyncio.gather(*(request() for _ in range(20)))
    assert sorted(answers) == ["200"] + ["fallback"] * 19
    assert server.requests == before + 1
    assert state(upstream) is State.CLOSED
    server.seconds = 0
    assert set(await asyncio.gather(*(request() for _ in range(20)))) == {"200"}


async def test_retries_do_not_multiply_the_load(server: Server, connect: Connect) -> None:
    """The breaker never opens here, so only the retry budget limits the calls."""
    server.statuses = [503]
    upstream = await connect(UpstreamPolicy(breaker=BreakerPolicy(minimum_calls=1_000_000)))
    for _ in range(10):
        results = await asyncio.gather(*(upstream.send("GET", "/") for _ in range(20)), return_exceptions=True)
        assert {type(result) for result in results} == {UpstreamUnavailable}
    assert 200 < server.requests <= 240


async def test_the_deadline_is_forwarded_and_enforced(server: Server, connect: Connect) -> None:
    upstream = await connect()
    with deadline.within(1.5):
        await upstream.send("GET", "/")
    assert 1000 < int(server.heads[0][deadline.HEADER]) <= 1500

    server.statuses = [None]
    with deadline.within(0.2), pytest.raises(DeadlineExceeded):
        await upstream.send("GET", "/")
    assert server.requests == 2, "no retry after the deadline"

    with deadline.within(0), pytest.raises(DeadlineExceeded):
        await upstream.send("GET", "/")
    assert server.requests == 2


async def test_a_short_deadline_does_not_open_the_breaker(server: Server, connect: Connect) -> None:
    server.statuses = [None]
    upstream = await connect()

    async def hurried() -> None:
        with deadline.within(0.05):
            await upstream.send("GET", "/")

    results = await asyncio.gather(*(hurried() for _ in range(20)), return_exceptions=True)
    assert {type(result) for result in results} == {DeadlineExceeded}
    assert state(upstream) is State.CLOSED


async def test_the_bulkhead_limits_concurrent_calls(server: Server, connect: Connect) -> None:
    server.seconds = 0.05
    upstream = await connect(UpstreamPolicy(max_concurrent_calls=4))
    answers = await asyncio.gather(*(upstream.send("GET", "/") for _ in range(12)))
    assert {answer.status_code for answer in answers} == {200}
    assert server.most_busy == 4


async def test_a_call_without_a_free_slot_is_rejected(server: Server, connect: Connect) -> None:
    server.seconds = 1
    upstream = await connect(UpstreamPolicy(max_concurrent_calls=1, timeout_seconds=1.8))
    results = await asyncio.gather(*(upstream.send("GET", "/") for _ in range(6)), return_exceptions=True)
    refused = [result for result in results if isinstance(result, UpstreamUnavailable)]
    assert 0 < len(refused) < 6
    assert server.most_busy == 1
    assert state(upstream) is State.CLOSED, "a full bulkhead says nothing about the other side"


async def test_metrics_count_calls_by_outcome(server: Server, connect: Connect) -> None:
    server.statuses = [503, 404]
    upstream = await connect()
    await upstream.send("GET", "/")

    def sample(name: str, **labels: str) -> float | None:
        return REGISTRY.get_sample_value(name, {"upstream": upstream.name, **labels})

    assert sample("upstream_calls_total", outcome="5xx") == 1
    assert sample("upstream_calls_total", outcome="4xx") == 1
    assert sample("upstream_call_duration_seconds_count") == 2
    assert sample("circuit_breaker_state") == State.CLOSED
