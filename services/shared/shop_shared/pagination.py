"""Cursor-based pagination: ``?limit=&cursor=``, answered with ``{items, nextCursor}``.

A cursor holds the key of the last item of the previous page. So an item that is added or removed between two requests
neither repeats nor hides another one. Cursors are opaque to clients, and are validated like any other input.
"""

import base64
import binascii
import json
from typing import Annotated, Generic, TypeVar
from uuid import UUID

from fastapi import Query
from pydantic import BaseModel, ConfigDict, Field
from pydantic.alias_generators import to_camel

from shop_shared import problems

DEFAULT_LIMIT = 20
MAX_LIMIT = 100

Limit = Annotated[int, Query(ge=1, le=MAX_LIMIT, description="Maximum number of items")]
Cursor = Annotated[
    str | None,
    Query(min_length=1, max_length=512, description="nextCursor of the previous page; omit it for the first page"),
]
Item = TypeVar("Item")


class Page(BaseModel, Generic[Item]):
    """A page of a list, with the cursor of the next page."""

    model_config = ConfigDict(alias_generator=to_camel, populate_by_name=True)

    items: list[Item]
    next_cursor: str | None = Field(default=None, description="null on the last page")


def encode(*key: str) -> str:
    """Return the cursor that continues after the item with this key."""
    return base64.urlsafe_b64encode(json.dumps(key, separators=(",", ":")).encode()).decode().rstrip("=")


def decode(cursor: str, parts: int = 1) -> list[str]:
    """Return the key in a cursor. Raises a 422 problem for a cursor that this service did not create."""
    try:
        key = json.loads(base64.b64decode(cursor + "=" * (-len(cursor) % 4), altchars="-_", validate=True))
    except (binascii.Error, ValueError):
        raise invalid_cursor() from None
    if not isinstance(key, list) or len(key) != parts or not all(isinstance(part, str) for part in key):
        raise invalid_cursor()
    return key


def after(cursor: str | None) -> UUID | None:
    """Return the id in a cursor, for a list whose key is a single id."""
    if cursor is None:
        return None
    (key,) = decode(cursor)
    try:
        return UUID(key)
    except ValueError:
        raise invalid_cursor() from None


def invalid_cursor() -> problems.Problem:
    return problems.invalid("cursor", "is not a nextCursor of this list; omit it to start from the beginning")
