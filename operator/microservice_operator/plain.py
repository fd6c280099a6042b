"""PURE: specs and statuses read as plain data, trusting nothing.

A stored object may be older than its schema, newer than this operator, or never have been valid. What has another shape
than expected is read as if it were not there.
"""

from collections.abc import Mapping
from typing import Any

import orjson

Item = Mapping[str, Any]


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
