"""Errors as RFC 9457 ``application/problem+json``: what is wrong, where, and how to fix it.

Routes raise a ``Problem``. Errors that FastAPI detects itself (a malformed body, an unknown path) have the same form,
so clients handle only one. A problem never quotes text that the client sent: only ids and numbers, which were parsed,
and the names of fields.
"""

import re
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
        "fallback": {
            "type": "boolean",
            "description": "true: a fallback answer, because another service is unavailable",
        },
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
_DESCRIPTIONS: Mapping[int, str] = {
    400: "The body is not JSON",
    401: "The token is missing or invalid",
    403: "The token lacks a scope",
    404: "The resource does not exist",
    408: "The body was not complete in time",
    409: "The request conflicts with the current state of the resource",
    412: "The resource has changed since the client read it",
    413: "The body is too long",
    422: "A field is invalid",
    500: "The service failed",
    503: "The service is unavailable; retry later",
    504: "The deadline of the caller has passed",
}
# Python names these otherwise before 3.13.
_TITLES: Mapping[int, str] = {413: "Content Too Large", 422: "Unprocessable Content"}
# pydantic's own messages for these contain the input or a regular expression.
_MESSAGES: Mapping[str, str] = {
    "uuid_parsing": "must be a UUID, like 3fa85f64-5717-4562-b3fc-2c963f66afa6",
    "string_pattern_mismatch": "does not have the form that the OpenAPI document describes",
}
_FIELD_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_-]{0,63}")


@dataclass
class Problem(Exception):
    """An error response. ``kind`` is for programs, ``detail`` for people."""

    status: HTTPStatus
    kind: str
    detail: str
    errors: Sequence[Mapping[str, str]] = ()
    headers: Mapping[str, str] = field(default_factory=dict)
    fallback: bool = False
    """this is a fallback answer, because another service is unavailable"""


def openapi_responses(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """Describe a route's problems for the service's OpenAPI document."""
    content = {"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}}
    return {status: {"description": _DESCRIPTIONS[status], "content": content} for status in statuses}


def not_found(kind: str, detail: str) -> Problem:
    return Problem(HTTPStatus.NOT_FOUND, kind, detail)


def conflict(kind: str, detail: str) -> Problem:
    return Problem(HTTPStatus.CONFLICT, kind, detail)


def invalid(where: str, message: str) -> Problem:
    """The request is well-formed, but one of its fields is invalid."""
    errors = ({"field": where, "message": message},)
    return Problem(HTTPStatus.UNPROCESSABLE_ENTITY, "invalid-request", f"{where}: {message}", errors)


def too_long(detail: str) -> Problem:
    """The body is longer than the service accepts."""
    return Problem(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, "content-too-large", detail)


def unavailable(what: str, retry_after: float = RETRY_AFTER_SECONDS) -> Problem:
    """A dependency of this service does not answer. The same request may succeed later."""
    return Problem(
        HTTPStatus.SERVICE_UNAVAILABLE,
        "unavailable",
        f"{what} does not answer; nothing was lost, send the request again after the time in Retry-After",
        headers={"Retry-After": str(ceil(retry_after))},
    )


def response(problem: Problem) -> JSONResponse:
    body: dict[str, Any] = {
        "type": f"urn:shop:problem:{problem.kind}",
        "title": _title(problem.status),
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
    found = error.errors()
    if any(e["type"] == "json_invalid" for e in found):
        return response(Problem(HTTPStatus.BAD_REQUEST, "bad-request", "body: this is not JSON; send a JSON document"))
    errors = [{"field": _field(e["loc"]), "message": _message(e)} for e in found]
    detail = "; ".join(f"{e['field']}: {e['message']}" for e in errors[:5])
    return response(Problem(HTTPStatus.UNPROCESSABLE_ENTITY, "invalid-request", detail, errors))


async def on_http_error(_request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, HTTPException)  # noqa: S101
    status = HTTPStatus(error.status_code)
    kind = _title(status).lower().replace(" ", "-")
    return response(Problem(status, kind, str(error.detail), headers=error.headers or {}))


def _title(status: HTTPStatus) -> str:
    return _TITLES.get(status, status.phrase)


def _message(error: Mapping[str, Any]) -> str:
    message: str = error["msg"]
    return _MESSAGES.get(error["type"], message.removeprefix("Value error, "))


def _field(location: Sequence[int | str]) -> str:
    """``("body", "items", 0, "quantity")`` becomes ``items.0.quantity``. A body that is not JSON is ``body``."""
    path = [_shown(part) for part in location if isinstance(part, str) or location[0] == "body"]
    is_nested = len(path) > 1 and path[0] in {"body", "path", "query", "header"} and not path[1].isdigit()
    return ".".join(path[1:] if is_nested else path[:1])


def _shown(part: int | str) -> str:
    """The client chooses the names of unknown fields."""
    return str(part) if isinstance(part, int) or _FIELD_NAME.fullmatch(part) else "(a field)"
