"""The HTTP side: every request that no page and no probe takes goes to the entry, as it was sent."""

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from gateway_service.answers import Answer, Call
from gateway_service.entry import Entry

METHODS = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"]


def router(entry: Entry) -> APIRouter:
    """To be included last: it takes all that is left."""
    routes = APIRouter(include_in_schema=False)

    @routes.api_route("/{path:path}", methods=METHODS)
    async def forward(request: Request) -> Response:
        return _response(await entry.answer(await _call(request)))

    return routes


async def _call(request: Request) -> Call:
    raw_path: bytes = request.scope.get("raw_path") or request.url.path.encode()
    return Call(
        method=request.method,
        path=raw_path.decode("latin-1"),
        query=request.scope["query_string"].decode("latin-1"),
        headers=tuple((name.decode("latin-1"), value.decode("latin-1").strip()) for name, value in request.headers.raw),
        body=await request.body(),
        peer=request.client.host if request.client else "",
    )


def _response(answer: Answer) -> Response:
    response = Response(answer.body, answer.status)
    # A HEAD's length is that of the body which a GET would have had; any other one is counted anew.
    counted = [header for header in response.raw_headers if header[0] == b"content-length"]
    given = [(name.encode("latin-1"), value.encode("latin-1")) for name, value in answer.headers]
    has_length = any(name == b"content-length" for name, _ in given)
    response.raw_headers = given if has_length else [*given, *counted]
    return response
