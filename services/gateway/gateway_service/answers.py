"""What a request is and what its answer is; and the answers that API Gateway gives by itself.

Those are JSON with one field, `message`, whatever the services say in their own errors.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from http import HTTPStatus

Headers = tuple[tuple[str, str], ...]
"""Names in lower case; a name may be there twice (`set-cookie`)."""


@dataclass(frozen=True)
class Call:
    """One request. The path is kept as it was sent: what is percent-encoded stays so."""

    method: str
    path: str
    query: str = ""
    headers: Headers = ()
    body: bytes = b""
    peer: str = ""
    """address of the caller"""

    def header(self, name: str) -> str:
        """The first header of this name, "" without one."""
        return next((value for key, value in self.headers if key == name), "")


@dataclass(frozen=True)
class Answer:
    """One answer, whole."""

    status: int
    headers: Headers = ()
    body: bytes = b""


@dataclass
class Refusal(Exception):
    """The request ends here; `reason` is for the log."""

    status: HTTPStatus
    reason: str
    headers: Mapping[str, str] = field(default_factory=dict)


def answer(refusal: Refusal) -> Answer:
    """A refusal as API Gateway words it."""
    body = json.dumps({"message": refusal.status.phrase}).encode()
    return Answer(refusal.status, (("content-type", "application/json"), *refusal.headers.items()), body)
