"""Runs an application until SIGTERM, then drains: it accepts no new connections and answers the active requests."""

import socket

import uvicorn
from fastapi import FastAPI

from shop_shared.http_protocol import BoundedProtocol
from shop_shared.settings import ServiceSettings

# Longer than any caller keeps an idle connection: the client must close first. Otherwise a request can arrive on a
# connection that the server is just closing.
KEEP_ALIVE_SECONDS = 75
BACKLOG = 2048


def serve(app: FastAPI, settings: ServiceSettings, *more_ports: int) -> None:
    """Serve the port of the settings, and `more_ports`, until SIGTERM."""
    config = uvicorn.Config(
        app,
        http=BoundedProtocol,
        ws="none",
        log_config=None,  # logs.configure has configured logging, including uvicorn's
        access_log=False,  # request_log writes it, with the trace and without the path
        server_header=False,
        proxy_headers=False,
        timeout_keep_alive=KEEP_ALIVE_SECONDS,
        timeout_graceful_shutdown=settings.drain_seconds,
    )
    server = uvicorn.Server(config)
    server.run([_listening(settings.host, port) for port in (settings.port, *more_ports)])
    if not server.started:
        raise SystemExit(1)


def _listening(host: str, port: int) -> socket.socket:
    try:
        return socket.create_server((host, port), backlog=BACKLOG)
    except OSError as error:
        raise SystemExit(f"cannot start; port {port} of {host} cannot be opened: {error.strerror}") from None
