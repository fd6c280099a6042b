"""Rejects request bodies above a limit before they fill the memory of the pod.

FastAPI has such a limit too, but it answers in plain text when the length is declared. Ours answers with a problem.
"""

from http import HTTPStatus

from fastapi import HTTPException
from starlette.datastructures import Headers
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from shop_shared import problems


class BodyLimitMiddleware:
    def __init__(self, app: ASGIApp, limit: int) -> None:
        self._app = app
        self._limit = limit

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        detail = f"the body exceeds the limit of {self._limit} bytes; send a shorter body"
        declared = Headers(scope=scope).get("content-length", "")
        if declared.isdigit() and int(declared) > self._limit:
            problem = problems.Problem(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, "content-too-large", detail)
            await problems.response(problem)(scope, receive, send)
            return
        received = 0

        async def receive_counted() -> Message:
            nonlocal received
            message = await receive()
            received += len(message.get("body", b""))
            if received > self._limit:
                raise HTTPException(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, detail)
            return message

        await self._app(scope, receive_counted, send)
