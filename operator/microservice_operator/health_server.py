"""Liveness, readiness and metrics over HTTP, for the kubelet and Prometheus."""

from collections.abc import Callable

from aiohttp import web
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest

Check = Callable[[], str]  # returns "" if healthy, otherwise the problem


async def serve(address: tuple[str, int], alive: Check, ready: Check, refresh: Callable[[], None]) -> web.AppRunner:
    """Listen on `address`; `/healthz` and `/readyz` answer 200 or 503, `/metrics` calls `refresh` first."""

    def answer(check: Check) -> web.Response:
        wrong = check()
        return web.Response(status=503 if wrong else 200, text=wrong or "ok")

    async def healthz(_: web.Request) -> web.Response:
        return answer(alive)

    async def readyz(_: web.Request) -> web.Response:
        return answer(ready)

    async def metrics(_: web.Request) -> web.Response:
        refresh()
        return web.Response(body=generate_latest(), headers={"Content-Type": CONTENT_TYPE_LATEST})

    application = web.Application()
    application.add_routes([web.get("/healthz", healthz), web.get("/readyz", readyz), web.get("/metrics", metrics)])
    runner = web.AppRunner(application, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, *address).start()
    return runner
