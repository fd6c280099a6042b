"""Runs an application until SIGTERM, then drains: no new connections, the requests at hand are answered."""

import uvicorn
from fastapi import FastAPI

from shop_shared.settings import ServiceSettings

# Longer than any caller keeps an idle connection: the side that sends requests must be the one that closes,
# or a request meets a connection that is just going away.
KEEP_ALIVE_SECONDS = 75


def serve(app: FastAPI, settings: ServiceSettings) -> None:
    uvicorn.run(
        app,
        host=settings.host,
        port=settings.port,
        log_config=None,  # logs.configure has set up everything, uvicorn's own lines included
        access_log=False,  # request_log writes that line, with the trace and without the path
        server_header=False,
        proxy_headers=False,
        timeout_keep_alive=KEEP_ALIVE_SECONDS,
        timeout_graceful_shutdown=settings.drain_seconds,
    )
