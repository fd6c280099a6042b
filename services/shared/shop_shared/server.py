"""Runs an application until SIGTERM, then drains: it accepts no new connections and answers the active requests."""

import uvicorn
from fastapi import FastAPI

from shop_shared.settings import ServiceSettings

# Longer than any caller keeps an idle connection: the client must close first. Otherwise a request can arrive on a
# connection that the server is just closing.
KEEP_ALIVE_SECONDS = 75


def serve(app: FastAPI, settings: ServiceSettings) -> None:
    uvicorn.run(
        app,
        host=settings.host,
        port=settings.port,
        log_config=None,  # logs.configure has configured logging, including uvicorn's
        access_log=False,  # request_log writes it, with the trace and without the path
        server_header=False,
        proxy_headers=False,
        timeout_keep_alive=KEEP_ALIVE_SECONDS,
        timeout_graceful_shutdown=settings.drain_seconds,
    )
