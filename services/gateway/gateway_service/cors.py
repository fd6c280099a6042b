"""PURE: CORS as in "Configure CORS for HTTP APIs in API Gateway".

Only the API's configuration counts: CORS headers of a service are dropped, and preflight requests never reach one.
"""

from dataclasses import dataclass
from http import HTTPStatus

from gateway_service.messages import Headers, ProxyRequest, ProxyResponse

_PREFIX = "access-control-"


@dataclass(frozen=True)
class Cors:
    """The CORS configuration of an API."""

    origins: tuple[str, ...] = ()
    methods: tuple[str, ...] = ()
    headers: tuple[str, ...] = ()
    exposed: tuple[str, ...] = ()
    max_age: int | None = None
    credentials: bool = False


def preflight(cors: Cors | None, request: ProxyRequest) -> ProxyResponse | None:
    """Return the response to a preflight request, or `None` for any other request."""
    if cors is None or request.method != "OPTIONS" or not request.header("access-control-request-method"):
        return None
    headers = _allow_origin(cors, request.header("origin"))
    if headers:
        headers += ((f"{_PREFIX}allow-methods", ",".join(cors.methods)),) if cors.methods else ()
        headers += ((f"{_PREFIX}allow-headers", ",".join(cors.headers)),) if cors.headers else ()
        headers += ((f"{_PREFIX}max-age", str(cors.max_age)),) if cors.max_age is not None else ()
    return ProxyResponse(HTTPStatus.NO_CONTENT, headers)


def with_cors_headers(cors: Cors | None, request: ProxyRequest, response: ProxyResponse) -> ProxyResponse:
    """Replace the service's CORS headers with those of the API."""
    if cors is None:
        return response
    added = _allow_origin(cors, request.header("origin"))
    if added and cors.exposed:
        added += ((f"{_PREFIX}expose-headers", ",".join(cors.exposed)),)
    kept = tuple(header for header in response.headers if not header[0].startswith(_PREFIX))
    return ProxyResponse(response.status, kept + added, response.body)


def _allow_origin(cors: Cors, origin: str) -> Headers:
    if not origin or not any(_matches(pattern, origin) for pattern in cors.origins):
        return ()
    any_origin = "*" in cors.origins and not cors.credentials
    headers: Headers = ((f"{_PREFIX}allow-origin", "*" if any_origin else origin),)
    if not any_origin:
        headers += (("vary", "origin"),)
    return (*headers, (f"{_PREFIX}allow-credentials", "true")) if cors.credentials else headers


def _matches(pattern: str, origin: str) -> bool:
    """A pattern is `*`, `https://*` or an exact origin. Schemes and hosts are case-insensitive."""
    if pattern.endswith("*"):
        return origin.lower().startswith(pattern[:-1].lower())
    return pattern.lower() == origin.lower()
