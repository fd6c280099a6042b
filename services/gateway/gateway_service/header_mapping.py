"""PURE: changes the headers of a request as an integration's parameter mapping says.

"Transform API requests and responses for HTTP APIs" defines it: `append`, `overwrite` or `remove` a header. A value is
static or a claim of the caller's token, `$context.authorizer.claims.<name>`. This gateway knows no other expressions,
and no mappings of paths and query strings.

A header whose value is unknown is removed, so what the caller sent never passes in place of a claim.
"""

import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from gateway_service.messages import ProxyRequest

CLAIM = "$context.authorizer.claims."
_KEY = re.compile(r"(append|overwrite|remove):header\.(.+)")
_VALUE = re.compile(r"[\x20-\x7e]+")


@dataclass(frozen=True)
class HeaderMapping:
    """One change of a header. The name is lower case."""

    action: str
    header: str
    value: str = ""


def parse(parameters: Mapping[str, str]) -> tuple[HeaderMapping, ...]:
    """Return the header mappings among the RequestParameters of an integration, sorted by header."""
    found = ((_KEY.fullmatch(key), value) for key, value in sorted(parameters.items()))
    return tuple(HeaderMapping(match[1], match[2].lower(), value) for match, value in found if match)


def apply(mappings: Iterable[HeaderMapping], request: ProxyRequest, claims: Mapping[str, Any]) -> ProxyRequest:
    """Return the request as its service receives it."""
    headers = request.headers
    for mapping in mappings:
        value = "" if mapping.action == "remove" else _evaluate(mapping.value, claims)
        if mapping.action != "append" or not value:
            headers = tuple(header for header in headers if header[0] != mapping.header)
        if value:
            headers = (*headers, (mapping.header, value))
    return replace(request, headers=headers)


def _evaluate(expression: str, claims: Mapping[str, Any]) -> str:
    """Return the value of an expression, or "" if it is unknown or cannot be a header."""
    value: object = claims.get(expression.removeprefix(CLAIM), "") if expression.startswith(CLAIM) else expression
    if expression.startswith("$") and not expression.startswith(CLAIM):
        value = ""
    text = value if isinstance(value, str) else json.dumps(value)
    return text if _VALUE.fullmatch(text) else ""
