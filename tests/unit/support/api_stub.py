"""A stub API server over real HTTP: it returns what a test sets, and records its requests."""

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from aiohttp import web
from kubernetes.aio.client import Configuration

from microservice_operator.cluster.api_client import Connection

Body = dict[str, Any]


@dataclass
class Says:
    """An answer: its code, its body or the events of a stream, which then ends or `hangs`."""

    code: int = 200
    body: Body | None = None
    events: tuple[Body, ...] = ()
    hangs: bool = False
    headers: dict[str, str] = field(default_factory=dict)


@dataclass
class Stub:
    """`answers` are given in order, the last one again and again."""

    answers: list[Says]
    asked: list[tuple[str, dict[str, str]]] = field(default_factory=list)
    address: str = ""

    async def handle(self, request: web.Request) -> web.StreamResponse:
        self.asked.append((request.path, dict(request.query)))
        says = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        if says.code == 0:
            assert request.transport
            request.transport.close()
            return web.Response()
        if request.query.get("watch") and says.code == 200:
            response = web.StreamResponse(headers=says.headers)
            await response.prepare(request)
            for event in says.events:
                await response.write(json.dumps(event).encode() + b"\n")
            if says.hangs:
                await asyncio.sleep(60)
            return response
        if says.hangs:
            await asyncio.sleep(60)
        return web.json_response(says.body or {"message": f"HTTP {says.code}"}, status=says.code, headers=says.headers)

    @property
    def lists(self) -> list[dict[str, str]]:
        """Queries of lists."""
        return [query for _, query in self.asked if "watch" not in query]

    @property
    def resumed(self) -> list[str]:
        """Versions that watches were opened from."""
        return [query["resourceVersion"] for _, query in self.asked if "watch" in query]


@asynccontextmanager
async def connected(stub: Stub) -> AsyncIterator[Connection]:
    """A connection to the stub."""
    application = web.Application()
    application.router.add_route("*", "/{path:.*}", stub.handle)
    runner = web.AppRunner(application, shutdown_timeout=0.1)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    host, port = runner.addresses[0]
    stub.address = f"http://{host}:{port}"
    connection = Connection(Configuration(host=stub.address), limit=8)
    yield connection
    await connection.close()
    await runner.cleanup()


async def until(condition: Callable[[], object]) -> None:
    """Wait until it holds; a minute is for ever."""
    async with asyncio.timeout(60):
        while not condition():  # noqa: ASYNC110 the condition has no event to wait for
            await asyncio.sleep(0.01)
