"""The HTTP side of the gateway: it passes each request that no page handles to the pipeline, unchanged."""

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from gateway_service.messages import ProxyRequest, ProxyResponse, from_raw, to_raw
from gateway_service.pipeline import Pipeline

METHODS = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"]


def router(pipeline: Pipeline) -> APIRouter:
    """Include this router last: it matches every path."""
    routes = APIRouter(include_in_schema=False)

    @routes.api_route("/{path:path}", methods=METHODS)
    async def forward(request: Request) -> Response:
        return _to_response(await pipeline.handle(await _to_proxy_request(request)))

    return routes


async def _to_proxy_request(request: Request) -> ProxyRequest:
    raw_path: bytes = request.scope.get("raw_path") or request.url.path.encode()
    return ProxyRequest(
        method=request.method,
        path=raw_path.decode("latin-1"),
        query=request.scope["query_string"].decode("latin-1"),
        headers=from_raw(request.headers.raw),
        body=await request.body(),
        peer=request.client.host if request.client else "",
    )


def _to_response(proxied: ProxyResponse) -> Response:
    response = Response(proxied.body, proxied.status)
    # The response to HEAD keeps the length of the body that GET would return. Without a length, Starlette's is used.
    computed = [header for header in response.raw_headers if header[0] == b"content-length"]
    headers = to_raw(proxied.headers)
    has_length = any(name == b"content-length" for name, _ in headers)
    response.raw_headers = headers if has_length else [*headers, *computed]
    return response
