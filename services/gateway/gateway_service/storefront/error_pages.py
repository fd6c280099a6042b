"""Errors under /shop as pages: a browser that asks for HTML gets no JSON, and always a way back.

It also answers HEAD like GET there, and refuses forms that another site sends.
"""

import json
from collections.abc import Sequence
from http import HTTPStatus
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from starlette.datastructures import Headers
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from gateway_service.storefront.rendering import page
from gateway_service.storefront.session import PATH, Sessions
from shop_shared.head_method import HeadMiddleware

if TYPE_CHECKING:
    RawHeaders = Sequence[tuple[bytes, bytes]]

NOT_FOUND = ("This page does not exist", "Check the address, or start again with the products.")
TEXTS = {
    400: ("The request was not understood", "Go back and try again."),
    403: ("This form came from another site", "Open the shop and fill it in here."),
    404: NOT_FOUND,
    405: NOT_FOUND,
    408: ("The request took too long to arrive", "Check your connection, then try again."),
    413: ("That was too much to send", "Go back and send less."),
    422: NOT_FOUND,
    503: ("The shop is busy", "Nothing was lost. Try again in a moment."),
    504: ("The shop did not answer in time", "Look at your orders before you try again: yours may be placed."),
}
FAILED = ("The shop failed", "The fault is ours. Look at your orders before you try again: yours may be placed.")


class ErrorPages:
    """Replaces the errors in JSON that requests for pages get."""

    def __init__(self, app: ASGIApp, sessions: Sessions) -> None:
        """`sessions` tells who the visitor is."""
        self._app = app
        self._pages = HeadMiddleware(app)
        self._sessions = sessions

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or not (scope["path"] == PATH or scope["path"].startswith(f"{PATH}/")):
            await self._app(scope, receive, send)
        elif _is_foreign_form(scope):
            await self._page(scope, HTTPStatus.FORBIDDEN)(scope, receive, send)
        elif "text/html" in Headers(scope=scope).get("accept", ""):
            await self._pages(scope, receive, _Replacing(self, scope, receive, send).send)
        else:
            await self._pages(scope, receive, send)

    def page_for(self, scope: Scope, status: int, answered: bytes, headers: "RawHeaders") -> Response:
        """Return the page for an error, with the headers of the answer that say what to do next."""
        shown = self._page(scope, status, _trace_id(answered))
        kept = [header for header in headers if header[0] in {b"retry-after", b"connection"}]
        shown.raw_headers.extend(kept)
        return shown

    def _page(self, scope: Scope, status: int, trace_id: str = "") -> Response:
        title, text = TEXTS.get(status, FAILED)
        shown: dict[str, Any] = {"title": title, "text": text, "code": int(status), "trace_id": trace_id}
        return page("error.html", self._sessions.visitor(Request(scope)), status, **shown)


class _Replacing:
    """Holds back an error in JSON until it is complete, and then sends the page."""

    def __init__(self, pages: ErrorPages, scope: Scope, receive: Receive, send: Send) -> None:
        self._pages = pages
        self._scope = scope
        self._receive = receive
        self._send = send
        self._start: Message = {}
        self._body = b""

    async def send(self, message: Message) -> None:
        if message["type"] == "http.response.start" and _is_json_error(message):
            self._start = message
        elif not self._start:
            await self._send(message)
        else:
            self._body += message.get("body", b"")
            if not message.get("more_body"):
                answer = self._pages.page_for(self._scope, self._start["status"], self._body, self._start["headers"])
                await answer(self._scope, self._receive, self._send)


def _is_json_error(start: Message) -> bool:
    kind = Headers(raw=list(start["headers"])).get("content-type", "")
    return bool(start["status"] >= HTTPStatus.BAD_REQUEST and "json" in kind)


def _is_foreign_form(scope: Scope) -> bool:
    """Browsers send `Origin` with each form that another site submits."""
    headers = Headers(scope=scope)
    origin = headers.get("origin")
    return bool(scope["method"] == "POST" and origin and urlsplit(origin).netloc != headers.get("host"))


def _trace_id(body: bytes) -> str:
    try:
        problem = json.loads(body)
    except ValueError:
        return ""
    return str(problem.get("traceId") or "") if isinstance(problem, dict) else ""
