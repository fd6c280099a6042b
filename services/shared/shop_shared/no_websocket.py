"""Refuses WebSocket handshakes, as the HTTP APIs of API Gateway do.

Other upgrades are ignored, as RFC 9110 (7.8) allows: Java's HTTP client offers `h2c` with each request, and is content
with HTTP/1.1.
"""

from http import HTTPStatus

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Receive, Scope, Send

from shop_shared import problems


class NoWebSocketMiddleware:
    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or "websocket" not in Headers(scope=scope).get("upgrade", "").lower():
            await self._app(scope, receive, send)
            return
        detail = "there are no WebSockets here; send the request without the header Upgrade"
        problem = problems.Problem(HTTPStatus.BAD_REQUEST, "no-websocket", detail, headers={"Connection": "close"})
        await problems.response(problem)(scope, receive, send)
