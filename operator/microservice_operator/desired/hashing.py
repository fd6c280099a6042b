"""Computes the desired hash, which shows whether a child is still what was applied last.

The same object always has the same hash. Keys are sorted and only the object is hashed, so neither the order of a dict
nor the operator's version changes it.
"""

import json
from collections.abc import Mapping
from typing import Any

from .. import names


def canonical(value: Any) -> str:
    """Return JSON with sorted keys and without optional blanks."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False)


def hashed(body: Mapping[str, Any]) -> dict[str, Any]:
    """Return the object with its hash among its annotations."""
    metadata = body["metadata"]
    annotations = {k: v for k, v in (metadata.get("annotations") or {}).items() if k != names.ANNOTATION_HASH}
    bare = {**body, "metadata": {**metadata, "annotations": annotations}}
    annotations = annotations | {names.ANNOTATION_HASH: names.short_hash(canonical(bare), length=16)}
    return {**body, "metadata": {**metadata, "annotations": annotations}}
