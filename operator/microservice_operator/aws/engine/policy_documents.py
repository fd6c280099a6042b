"""PURE: AWS policy documents as comparable values.

AWS stores what it receives, and other tools rewrite it: statements and lists in another order, a list of one as a
string, a condition's boolean as a word. None of these is a difference.
"""

import json
from collections.abc import Mapping
from typing import Any

from .rules import Change, Outcome

Document = Mapping[str, Any]


def text(document: Document) -> str:
    """Return the document's text as it is sent; the same document always gives the same text."""
    return json.dumps(document, separators=(",", ":"), sort_keys=True)


def normalised(document: Document | None) -> str:
    """Return a normal form: two documents share it exactly when they mean the same."""
    return json.dumps(_canonical(document or {}))


def same_policy(desired: Document | None, observed: Document | None) -> Outcome:
    """Rule: replace the whole document when its meaning differs."""
    return None if normalised(desired) == normalised(observed) else Change(desired)


def _canonical(value: Any) -> list[str]:
    entries = value if isinstance(value, list | tuple | set | frozenset) else [value]
    return sorted({json.dumps(_entry(entry), sort_keys=True) for entry in entries})


def _entry(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {key: _canonical(entry) for key, entry in value.items()}
    return str(value).lower() if isinstance(value, bool) else str(value)
