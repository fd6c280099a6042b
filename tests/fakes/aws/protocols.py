"""Finds the service and action of a request without such a header, from botocore's models."""

import json
import re
from functools import cache
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

import botocore.session

# Services whose actions are paths; signed for one name, described by botocore under another.
_MODELS = {"eks": "eks", "apigateway": "apigatewayv2"}


def signed_for(authorization: str) -> tuple[str, str]:
    """Region and service that a request is signed for: `Credential=KEY/20260101/REGION/SERVICE/aws4_request`."""
    found = re.search(r"Credential=[^/]+/\d+/([^/]+)/([^/]+)/", authorization)
    return (found.group(1), found.group(2)) if found else ("", "")


def access_key(authorization: str) -> str:
    """Access key that a request is signed with, which tells its account."""
    found = re.search(r"Credential=([^/]+)/", authorization)
    return found.group(1) if found else ""


def rest_call(service: str, line: str, raw: bytes) -> tuple[str, dict[str, Any]]:
    """Action and parameters of a request such as `GET /clusters/prod`; what is in the path is among them."""
    method, _, target = line.partition(" ")
    address = urlsplit(target)
    content = json.loads(raw) if raw.strip() else {}
    for verb, pattern, action in _operations(service):
        matched = re.fullmatch(pattern, address.path)
        if verb == method and matched:
            path = {name: unquote(value) for name, value in matched.groupdict().items()}
            query = parse_qs(address.query)
            asked = {name: values if len(values) > 1 else values[0] for name, values in query.items()}
            return action, {**content, **asked, **path}
    return line, content


@cache
def _operations(service: str) -> list[tuple[str, str, str]]:
    if service not in _MODELS:
        return []
    model = botocore.session.get_session().get_service_model(_MODELS[service])
    described = [model.operation_model(name) for name in model.operation_names]
    return [
        (operation.http["method"], _pattern(operation.http["requestUri"].partition("?")[0]), operation.name)
        for operation in described
    ]


def _pattern(uri: str) -> str:
    parts = re.split(r"\{([A-Za-z-]+)\+?\}", uri.replace("-arn", "Arn"))
    return "".join(re.escape(part) if at % 2 == 0 else f"(?P<{part}>[^/]+)" for at, part in enumerate(parts))
