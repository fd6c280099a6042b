"""PURE: converts an OpenAPI 3.0 or 3.1 document to the routes of an HTTP API, or lists everything that is wrong.

It reads only what a route needs: paths, methods, servers and security. It drops, weakens or reinterprets none of that:
what a route of API Gateway cannot express exactly is an offence, and a document with offences gives no routes at all.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from ..errors import NeedsPerson
from ..facts import Reason
from ..reading import BadYAML, read_one
from .document import Document, Offence
from .paths import Paths
from .routes import Checks, Route, Settings, is_greedy, overlap, shape
from .source import document_text, path_prefix, settings

__all__ = [
    "DEFAULT",
    "Checks",
    "Offence",
    "Reading",
    "Route",
    "Settings",
    "document_text",
    "is_greedy",
    "overlap",
    "path_prefix",
    "read",
    "routes",
    "settings",
    "shape",
]

DEFAULT = Settings(allow_anonymous=True)  # of a document whose Microservice is unknown
SIZE_LIMIT = 1_048_576  # also the limit of a ConfigMap
TOLD = 5  # offences per message
OPERATIONS = 20  # named per message
ROOT = (
    *("openapi", "info", "jsonSchemaDialect", "servers", "paths", "webhooks", "components", "security", "tags"),
    "externalDocs",
)
_FOR_IMPORT = {  # extensions that API Gateway's import uses, but the operator does not
    "x-amazon-apigateway-policy": "is a resource policy, which HTTP APIs of API Gateway do not have; remove it",
    "x-amazon-apigateway-endpoint-configuration": "has an effect only in API Gateway's import; remove it",
}


@dataclass(frozen=True)
class Reading:
    """Result of reading a document; with offences, `routes` are those that could still be read.

    `line` is the line of a syntax error, 0 if there is none.
    """

    routes: tuple[Route, ...] = ()
    offences: tuple[Offence, ...] = ()
    line: int = 0


def routes(text: str, api_settings: Settings = DEFAULT) -> tuple[Route, ...]:
    """Return the routes of a document, sorted by their keys.

    Raises NeedsPerson with the locations in the document and what to do.
    """
    reading = read(text, api_settings)
    if not reading.offences:
        return reading.routes
    if all(offence.operation for offence in reading.offences):
        raise NeedsPerson(Reason.AUTH_MISSING, _unauthorized(reading.offences), "auth")
    messages = [f"{offence.pointer} {offence.message}".removeprefix("# ") for offence in reading.offences[:TOLD]]
    if len(reading.offences) > TOLD:
        messages.append("and more; microservice-operator validate --openapi lists all")
    place = f"line {reading.line} of " if reading.line else ""
    raise NeedsPerson(Reason.INVALID_DOCUMENT, f"{place}the OpenAPI document: {'; '.join(messages)}")


def _unauthorized(offences: tuple[Offence, ...]) -> str:
    """Return one sentence for each kind of offence, which names its operations."""
    by_message: dict[str, list[str]] = {}
    for offence in offences:
        by_message.setdefault(offence.message, []).append(offence.operation)
    sentences = []
    for message, operations in by_message.items():
        more = len(operations) - OPERATIONS
        named = ", ".join(operations[:OPERATIONS]) + (f" and {more} more" if more > 0 else "")
        sentences.append(f"{named} {message}")
    return "; ".join(sentences)


def read(text: str, api_settings: Settings = DEFAULT) -> Reading:
    """Read the routes of a document and everything that is wrong with it; raises nothing."""
    if len(text) > SIZE_LIMIT:
        message = f"has more than {SIZE_LIMIT} characters; split the service's API, or shorten descriptions"
        return Reading(offences=(Offence((), message),))
    try:
        parsed = read_one(text)
    except BadYAML as error:
        return Reading(offences=(Offence((), f"cannot be read: {error}"),), line=error.line)
    version = parsed.get("openapi") if isinstance(parsed, Mapping) else None
    if not isinstance(version, str) or not re.match(r"3\.[01]\.", version):
        message = 'must be a version 3.0 or 3.1, such as "3.1.0"; convert the document'
        return Reading(offences=(Offence(("openapi",), message),))
    return _of(parsed, api_settings)


def _of(root: Mapping[str, Any], api_settings: Settings) -> Reading:
    document = Document(root)
    for name in root:
        document.unknown_field(name, (), ROOT, "an OpenAPI document")
        if name in _FOR_IMPORT:
            document.wrong((name,), _FOR_IMPORT[name])
    declared = Paths(document, api_settings).routes()
    if api_settings.checks is Checks.NOTHING:
        declared = tuple(replace(route, public=True, scopes=()) for route in declared)
    return Reading(declared, tuple(document.offences))
