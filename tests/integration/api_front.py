"""A proxy to the API server that a test can cut, or let hang or fail for some requests; others connect directly."""

import asyncio
import ssl
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

import aiohttp
import yaml
from aiohttp import web

from tests.tools.cluster import Cluster
from tests.tools.cluster.cluster import known

Hangs = Callable[[str, str], bool]  # method, and path with query; not asked about watches
HALF = b'{"apiVersion":"v1","metadata":{"resourceVersion":"1"},"items":[{"metadata":{"na'
REFUSED = {
    "500": (500, "InternalError", "etcdserver: no leader"),
    "403": (403, "Forbidden", 'is forbidden: User "operator" cannot read it'),
    "429": (429, "TooManyRequests", "try again"),
}
EVERY_FAULT = (*REFUSED, "cut off")


@dataclass(frozen=True)
class Read:
    """A GET; `query` has the parameters that distinguish a list, a watch and a read from the cache."""

    path: str
    query: Mapping[str, str]


Faults = Callable[[Read], str]  # one of EVERY_FAULT, or "" for the server's answer


class ApiFront:
    """A reverse proxy on loopback, in a thread; who asks brings a token, which is handed on."""

    def __init__(self, cluster: Cluster) -> None:
        """Start it."""
        self._server = known(cluster.name).addresses.server
        self._ca = cluster.kubeconfig.parent / "pki" / "ca.crt"
        self._loop = asyncio.new_event_loop()
        self._up = threading.Event()
        self._cut = False
        self._mute = False
        self.hangs: Hangs = lambda _method, _path: False
        self.faults: Faults = lambda _read: ""
        self.reads: list[tuple[Read, str]] = []
        self._streams: list[tuple[web.Request, Read]] = []
        self.address = ""
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()
        assert self._up.wait(30)

    def kubeconfig(self, source: Path, file: Path) -> Path:
        """A copy of a kubeconfig that leads here."""
        config = yaml.safe_load(source.read_text())
        config["clusters"][0]["cluster"] = {"server": self.address}
        file.write_text(yaml.safe_dump(config))
        return file

    def cut(self) -> None:
        """From now on the proxy forwards nothing and closes no connection."""
        self._cut = True

    def heal(self) -> None:
        """Let everything through again."""
        self._cut = False

    def mute(self) -> None:
        """From now on nothing comes on the streams that are open, as from a connection that died in silence."""
        self._mute = True

    def sever(self) -> None:
        """End the streams that would fail if they were opened now."""

        def end() -> None:
            for request in [request for request, read in self._streams if self.faults(read)]:
                if request.transport:
                    request.transport.abort()

        self._loop.call_soon_threadsafe(end)

    def stop(self) -> None:
        """End it."""
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(10)

    def _run(self) -> None:
        asyncio.set_event_loop(self._loop)
        self._loop.run_until_complete(self._serve())
        self._up.set()
        self._loop.run_forever()
        self._loop.run_until_complete(self._close())
        for task in (left := asyncio.all_tasks(self._loop)):
            task.cancel()
        self._loop.run_until_complete(asyncio.gather(*left, return_exceptions=True))
        self._loop.close()

    async def _serve(self) -> None:

        context = ssl.create_default_context(cafile=str(self._ca))
        self._session = aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(ssl=context, limit=0),
            timeout=aiohttp.ClientTimeout(total=None),
            auto_decompress=False,
        )
        application = web.Application(client_max_size=2**24)
        application.router.add_route("*", "/{path:.*}", self._forward)
        self._runner = web.AppRunner(application, access_log=None, shutdown_timeout=0.1)
        await self._runner.setup()
        site = web.TCPSite(self._runner, "127.0.0.1", 0)
        await site.start()
        host, port = self._runner.addresses[0]
        self.address = f"http://{host}:{port}"

    async def _close(self) -> None:
        await self._runner.cleanup()
        await self._session.close()
        await asyncio.sleep(0.1)

    async def _open(self) -> None:
        while self._cut:  # noqa: ASYNC110 set from another thread
            await asyncio.sleep(0.05)

    async def _forward(self, request: web.Request) -> web.StreamResponse:
        body = await request.read()
        await self._open()
        while "watch" not in request.query and self.hangs(request.method, request.path_qs):  # noqa: ASYNC110 as above
            await asyncio.sleep(0.1)
        if request.transport is None or request.transport.is_closing():
            # the client has closed the connection; test_cut_network shows the same with TCP
            return web.Response(status=499)
        if request.method == "GET":
            read = Read(request.path, dict(request.query))
            fault = self.faults(read)
            self.reads.append((read, fault))
            if fault:
                return _faulty(fault)
        headers = {
            k: v for k, v in request.headers.items() if k.lower() not in ("host", "content-length", "connection")
        }
        url = self._server + request.raw_path
        try:
            async with self._session.request(request.method, url, data=body or None, headers=headers) as answer:
                return await self._back(request, answer)
        except (aiohttp.ClientError, ConnectionError):  # the server or the client has closed the connection
            if request.transport:
                request.transport.abort()
            return web.Response(status=502)

    async def _back(self, request: web.Request, answer: aiohttp.ClientResponse) -> web.StreamResponse:
        await self._open()
        kept = {
            k: v for k, v in answer.headers.items() if k.lower() in ("content-type", "content-encoding", "retry-after")
        }
        response = web.StreamResponse(status=answer.status, headers=kept)
        await response.prepare(request)
        hears = not self._mute
        stream = (request, Read(request.path, dict(request.query)))
        if "watch" in request.query:
            self._streams.append(stream)
        try:
            async for chunk in answer.content.iter_any():
                await self._open()
                if hears and self._mute and "watch" in request.query:
                    await asyncio.sleep(3600)
                await response.write(chunk)
        finally:
            self._streams = [each for each in self._streams if each[0] is not request]
        return response


def _faulty(fault: str) -> web.Response:
    """What comes in place of the server's answer."""
    if fault not in REFUSED:
        return web.Response(body=HALF, content_type="application/json")
    code, reason, message = REFUSED[fault]
    body = {"kind": "Status", "code": code, "reason": reason, "message": message}
    return web.json_response(body, status=code, headers={"Retry-After": "1"} if code == 429 else {})
