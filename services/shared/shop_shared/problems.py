"""Errors as RFC 9457 ``application/problem+json``: what is wrong, where, and what to do about it.

Routes raise a ``Problem``; what FastAPI refuses by itself (a malformed body, an unknown path) is rendered the same
way, so a client needs to understand one shape only. Answers never quote the client's input.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from http import HTTPStatus
from math import ceil
from typing import Any

from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from starlette.exceptions import HTTPException
from starlette.requests import Request

from shop_shared import tracing

RETRY_AFTER_SECONDS = 2

SCHEMA = {
    "type": "object",
    "required": ["type", "title", "status", "detail"],
    "properties": {
        "type": {"type": "string", "format": "uri"},
        "title": {"type": "string"},
        "status": {"type": "integer"},
        "detail": {"type": "string"},
        "traceId": {"type": ["string", "null"]},
        "fallback": {"type": "boolean", "description": "true: said in place of a service that does not answer"},
        "errors": {
            "type": "array",
            "items": {
                "type": "object",
                "required": ["field", "message"],
                "properties": {"field": {"type": "string"}, "message": {"type": "string"}},
            },
        },
    },
}
_MEANING: Mapping[int, str] = {
    400: "The body is no JSON",
    404: "There is no such thing",
    409: "It conflicts with what is there",
    412: "It has changed since it was read",
    413: "The body is too long",
    422: "A field is wrong",
    500: "An error of this service",
    503: "Try later",
    504: "The time that the caller had is over",
}


@dataclass
class Problem(Exception):
    """An answer that is not a success; ``kind`` is for programs, ``detail`` is for people."""

    status: HTTPStatus
    kind: str
    detail: str
    errors: Sequence[Mapping[str, str]] = ()
    headers: Mapping[str, str] = field(default_factory=dict)
    fallback: bool = False
    """said in place of a service that does not answer"""


def documented(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """What a route says of its problems in the service's OpenAPI document."""
    content = {"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}}
    return {status: {"description": _MEANING[status], "content": content} for status in statuses}


def not_found(kind: str, detail: str) -> Problem:
    return Problem(HTTPStatus.NOT_FOUND, kind, detail)


def conflict(kind: str, detail: str) -> Problem:
    return Problem(HTTPStatus.CONFLICT, kind, detail)


def invalid(where: str, message: str) -> Problem:
    """The request is well-formed, but a field of it cannot be accepted."""
    errors = ({"field": where, "message": message},)
    return Problem(HTTPStatus.UNPROCESSABLE_ENTITY, "invalid-request", f"{where}: {message}", errors)


def unavailable(what: str, retry_after: float = RETRY_AFTER_SECONDS) -> Problem:
    """Something behind this service does not answer; the same request may succeed a little later."""
    return Problem(
        HTTPStatus.SERVICE_UNAVAILABLE,
        "unavailable",
        f"{what} does not answer right now; nothing was lost, send the request again after the time in Retry-After",
        headers={"Retry-After": str(ceil(retry_after))},
    )


def response(problem: Problem) -> JSONResponse:
    body: dict[str, Any] = {
        "type": f"urn:shop:problem:{problem.kind}",
        "title": problem.status.phrase,
        "status": int(problem.status),
        "detail": problem.detail,
        "traceId": tracing.trace_id(),
    }
    if problem.fallback:
        body["fallback"] = True
    if problem.errors:
        body["errors"] = [dict(error) for error in problem.errors]
    return JSONResponse(
        body, status_code=problem.status, headers=dict(problem.headers), media_type="application/problem+json"
    )


async def on_problem(_request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, Problem)  # noqa: S101  (Starlette types handlers by Exception; it dispatches by class)
    return response(error)


async def on_invalid_request(_request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, RequestValidationError)  # noqa: S101
    errors = [{"field": _field(e["loc"]), "message": e["msg"].removeprefix("Value error, ")} for e in error.errors()]
    detail = "; ".join(f"{e['field']}: {e['message']}" for e in errors[:5])
    return response(Problem(HTTPStatus.UNPROCESSABLE_ENTITY, "invalid-request", detail, errors))


async def on_http_error(_request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, HTTPException)  # noqa: S101
    status = HTTPStatus(error.status_code)
    kind = status.phrase.lower().replace(" ", "-")
    return response(Problem(status, kind, str(error.detail), headers=error.headers or {}))


def _field(location: Sequence[int | str]) -> str:
    """``("body", "items", 0, "quantity")`` as ``items.0.quantity``; a body that is no JSON at all is ``body``."""
    path = [str(part) for part in location if isinstance(part, str) or location[0] == "body"]
    is_nested = len(path) > 1 and path[0] in {"body", "path", "query", "header"} and not path[1].isdigit()
    return ".".join(path[1:] if is_nested else path[:1])
