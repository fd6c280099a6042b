"""PURE: specs and statuses read as plain data, trusting nothing.

A stored object may be older than its schema, newer than this operator, or never have been valid. What has another shape
than expected is read as if it were not there.
"""

import re
from collections.abc import Mapping
from typing import Any

import orjson

Item = Mapping[str, Any]

DEEPEST = 200  # no object of Kubernetes nests so deep; a decoder takes a thousand levels, and the API server more
_TOKENS = re.compile(rb'"(?:[^"\\]|\\.)*"|[\[\]{}]')


def mapping(parent: object, key: str) -> Item:
    """The mapping under `key`, empty if there is none."""
    found = parent.get(key) if isinstance(parent, Mapping) else None
    return found if isinstance(found, Mapping) else {}


def mappings(parent: object, key: str) -> list[Item]:
    """The mappings in the list under `key`."""
    found = parent.get(key) if isinstance(parent, Mapping) else None
    return [item for item in found if isinstance(item, Mapping)] if isinstance(found, list) else []


def text(parent: object, key: str) -> str:
    """The text under `key`, "" if there is none."""
    found = parent.get(key) if isinstance(parent, Mapping) else None
    return found if isinstance(found, str) else ""


def json_mapping(written: str | None) -> Item:
    """The JSON object that a text of the world outside holds; empty if it holds none, or nests without reason."""
    try:
        found = orjson.loads(written or "")  # json.loads ends in RecursionError where this ends in ValueError
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}


def json_value(raw: bytes) -> Any:
    """What a text of the API server holds; what nests too deep for the decoder is read as null, and all else as it is.

    An object that a tenant has nested a thousand levels deep must not hide those of everybody else in the same list.
    Raises ValueError for what is no JSON.
    """
    try:
        return orjson.loads(raw)
    except orjson.JSONDecodeError:
        return orjson.loads(_shallow(raw))


def _shallow(raw: bytes) -> bytes:
    kept, depth, end, cut = [], 0, 0, 0
    for token in _TOKENS.finditer(raw):
        if token[0] in (b"{", b"["):
            depth += 1
            if depth == DEEPEST + 1:
                cut = token.start()
        elif token[0] in (b"}", b"]"):
            depth -= 1
            if depth == DEEPEST:
                kept += [raw[end:cut], b"null"]
                end = token.end()
    return b"".join([*kept, raw[end:]])
