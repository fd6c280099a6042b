"""PURE: CORS as an HTTP API answers it: "Configure CORS for HTTP APIs in API Gateway".

The API's configuration decides; CORS headers of a service are dropped, and a preflight never reaches one.
"""

from dataclasses import dataclass
from http import HTTPStatus

from gateway_service.answers import Answer, Call, Headers

_PREFIX = "access-control-"


@dataclass(frozen=True)
class Cors:
    """Who may call the API from a browser."""

    origins: tuple[str, ...] = ()
    methods: tuple[str, ...] = ()
    headers: tuple[str, ...] = ()
    exposed: tuple[str, ...] = ()
    max_age: int | None = None
    credentials: bool = False


def preflight(cors: Cors | None, call: Call) -> Answer | None:
    """The answer to a browser that asks beforehand; `None` when this is no such question."""
    if cors is None or call.method != "OPTIONS" or not call.header("access-control-request-method"):
        return None
    allowed = _allowed(cors, call.header("origin"))
    if allowed:
        allowed += ((f"{_PREFIX}allow-methods", ",".join(cors.methods)),) if cors.methods else ()
        allowed += ((f"{_PREFIX}allow-headers", ",".join(cors.headers)),) if cors.headers else ()
        allowed += ((f"{_PREFIX}max-age", str(cors.max_age)),) if cors.max_age is not None else ()
    return Answer(HTTPStatus.NO_CONTENT, allowed)


def answered(cors: Cors | None, call: Call, answer: Answer) -> Answer:
    """The answer with the API's CORS headers in place of the service's."""
    if cors is None:
        return answer
    allowed = _allowed(cors, call.header("origin"))
    if allowed and cors.exposed:
        allowed += ((f"{_PREFIX}expose-headers", ",".join(cors.exposed)),)
    kept = tuple(header for header in answer.headers if not header[0].startswith(_PREFIX))
    return Answer(answer.status, kept + allowed, answer.body)


def _allowed(cors: Cors, origin: str) -> Headers:
    if not origin or not any(_fits(pattern, origin) for pattern in cors.origins):
        return ()
    everyone = "*" in cors.origins and not cors.credentials
    found: Headers = ((f"{_PREFIX}allow-origin", "*" if everyone else origin),)
    if not everyone:
        found += (("vary", "origin"),)
    return (*found, (f"{_PREFIX}allow-credentials", "true")) if cors.credentials else found


def _fits(pattern: str, origin: str) -> bool:
    """`*`, `https://*` or an origin as it is; schemes and hosts have no case."""
    if pattern.endswith("*"):
        return origin.lower().startswith(pattern[:-1].lower())
    return pattern.lower() == origin.lower()
