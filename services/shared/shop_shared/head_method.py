"""Answers HEAD like GET, without the body (RFC 9110, 9.3.2): FastAPI's routes answer only the method they name."""

from starlette.types import ASGIApp, Message, Receive, Scope, Send


class HeadMiddleware:
    """Passes HEAD on as GET. uvicorn omits the body, because the scope that it knows keeps its method."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["method"] != "HEAD":
            await self._app(scope, receive, send)
            return
        inner = {**scope, "method": "GET"}

        async def send_with_route(message: Message) -> None:
            if "route" in inner:
                scope["route"] = inner["route"]  # for the log line and the span
            await send(message)

        await self._app(inner, receive, send_with_route)
