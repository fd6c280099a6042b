"""Serves probes and metrics on a separate port, for a service whose other port serves callers from outside.

On that port, the paths `/health`, `/ready` and `/metrics` are then free for routes.
"""

from starlette.types import ASGIApp, Receive, Scope, Send


class ManagementPortMiddleware:
    """Passes requests that arrive on `port` to `management`."""

    def __init__(self, app: ASGIApp, management: ASGIApp, port: int) -> None:
        self._app = app
        self._management = management
        self._port = port

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        is_management = scope["type"] == "http" and scope["server"][1] == self._port
        await (self._management if is_management else self._app)(scope, receive, send)
