"""PURE: reads specs and statuses as plain, untrusted data.

A stored object may be older than its schema, newer than this operator, or invalid. A value with an unexpected shape is
treated as missing.
"""

import re
from collections.abc import Mapping
from typing import Any

import orjson

Item = Mapping[str, Any]

DEEPEST = 200  # no Kubernetes object nests so deep; the decoder allows a thousand levels, the API server more
_STRING = rb'"[^"\\]*+(?:\\.[^"\\]*+)*+"'
_BRACKET = re.compile(rb'(?:[^"\[\]{}]++|' + _STRING + rb")*+([\[\]{}])")  # the next one outside strings


def mapping(parent: object, key: str) -> Item:
    """Return the mapping under `key`, empty if there is none."""
    value = parent.get(key) if isinstance(parent, Mapping) else None
    return value if isinstance(value, Mapping) else {}


def mappings(parent: object, key: str) -> list[Item]:
    """Return the mappings in the list under `key`."""
    items = parent.get(key) if isinstance(parent, Mapping) else None
    return [item for item in items if isinstance(item, Mapping)] if isinstance(items, list) else []


def text(parent: object, key: str) -> str:
    """Return the text under `key`, "" if there is none."""
    value = parent.get(key) if isinstance(parent, Mapping) else None
    return value if isinstance(value, str) else ""


def json_mapping(written: str | None) -> Item:
    """Parse a JSON object from untrusted text; empty if the text is not one, or nests too deep."""
    try:
        value = orjson.loads(written or "")  # json.loads ends in RecursionError where this ends in ValueError
    except ValueError:
        return {}
    return value if isinstance(value, dict) else {}


def json_value(raw: bytes) -> Any:
    """Decode JSON from the API server; values that nest too deep for the decoder become null.

    An object that one tenant nests a thousand levels deep must not hide the other objects in the same list.
    Raises ValueError if the text is not JSON.
    """
    try:
        return orjson.loads(raw)
    except orjson.JSONDecodeError:
        return orjson.loads(_shallow(raw))


def _shallow(raw: bytes) -> bytes:
    kept, depth, end, cut, position = [], 0, 0, 0, 0
    while bracket := _BRACKET.match(raw, position):
        position = bracket.end()
        if bracket[1] in (b"{", b"["):
            depth += 1
            if depth == DEEPEST + 1:
                cut = position - 1
        else:
            depth -= 1
            if depth == DEEPEST:
                kept += [raw[end:cut], b"null"]
                end = position
    return b"".join([*kept, raw[end:]])
