"""Requests and responses in transit, and the error responses of the gateway itself.

Like API Gateway's, those are JSON with the single field `message`, whatever the services use for their own errors.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from http import HTTPStatus

Headers = tuple[tuple[str, str], ...]
"""Pairs of name and value, with a character for each byte (ISO 8859-1), so that no byte is lost or changed.

Names are lower case; a name may occur twice (`set-cookie`).
"""
RawHeaders = Sequence[tuple[bytes, bytes]]


@dataclass(frozen=True)
class ProxyRequest:
    """A request to forward. The path is unchanged: percent-encoded characters stay encoded."""

    method: str
    path: str
    query: str = ""
    headers: Headers = ()
    body: bytes = b""
    peer: str = ""
    """IP address of the caller"""

    def header(self, name: str) -> str:
        """Return the first header with this name, or "" without one."""
        return next((value for key, value in self.headers if key == name), "")


@dataclass(frozen=True)
class ProxyResponse:
    """A complete response."""

    status: int
    headers: Headers = ()
    body: bytes = b""


@dataclass
class GatewayError(Exception):
    """The gateway rejects the request. Only the log contains `reason`."""

    status: HTTPStatus
    reason: str
    headers: Mapping[str, str] = field(default_factory=dict)


def gateway_response(error: GatewayError) -> ProxyResponse:
    """Return the response to an error, as API Gateway words it."""
    body = json.dumps({"message": error.status.phrase}).encode()
    return ProxyResponse(error.status, (("content-type", "application/json"), *error.headers.items()), body)


def from_raw(headers: RawHeaders) -> Headers:
    """Return headers as they were received."""
    return tuple((name.decode("latin-1").lower(), value.decode("latin-1").strip(" \t")) for name, value in headers)


def to_raw(headers: Headers) -> list[tuple[bytes, bytes]]:
    """Return headers to send."""
    return [(name.encode("latin-1"), value.encode("latin-1")) for name, value in headers]
