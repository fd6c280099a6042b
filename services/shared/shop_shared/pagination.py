"""Lists in pages: ``?limit=&cursor=``, answered with ``{items, nextCursor}``.

A cursor names the last item of the page before, so a page is found by key and never by counting: what is added or
removed meanwhile neither repeats an item nor skips one. It is opaque to clients, and checked like any other input.
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

Limit = Annotated[int, Query(ge=1, le=MAX_LIMIT, description="How many items at most")]
Cursor = Annotated[
    str | None, Query(min_length=1, max_length=512, description="nextCursor of the page before; nothing for the first")
]
Item = TypeVar("Item")


class Page(BaseModel, Generic[Item]):
    """Some items, and where the next ones begin."""

    model_config = ConfigDict(alias_generator=to_camel, populate_by_name=True)

    items: list[Item]
    next_cursor: str | None = Field(default=None, description="null on the last page")


def encode(*key: str) -> str:
    """The cursor that continues after the item with this key."""
    return base64.urlsafe_b64encode(json.dumps(key, separators=(",", ":")).encode()).decode().rstrip("=")


def decode(cursor: str, parts: int = 1) -> list[str]:
    """The key in a cursor; one that we did not make is refused as the client's mistake."""
    try:
        key = json.loads(base64.b64decode(cursor + "=" * (-len(cursor) % 4), altchars="-_", validate=True))
    except (binascii.Error, ValueError):
        raise no_cursor() from None
    if not isinstance(key, list) or len(key) != parts or not all(isinstance(part, str) for part in key):
        raise no_cursor()
    return key


def after(cursor: str | None) -> UUID | None:
    """The id in a cursor of a list whose key is one id."""
    if cursor is None:
        return None
    (key,) = decode(cursor)
    try:
        return UUID(key)
    except ValueError:
        raise no_cursor() from None


def no_cursor() -> problems.Problem:
    return problems.invalid("cursor", "this is no nextCursor of this list; leave it out to start from the beginning")
