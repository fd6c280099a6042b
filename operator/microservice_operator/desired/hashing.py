"""The hash that says whether a child is what was last applied: the same object always gives the same hash.

Keys are sorted and nothing but the object goes in, so neither the order of a dict nor the operator's version counts.
"""

import json
from collections.abc import Mapping
from typing import Any

from .. import names


def canonical(value: Any) -> str:
    """JSON with sorted keys and no spare blanks."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False)


def hashed(body: Mapping[str, Any]) -> dict[str, Any]:
    """The object with its hash among its annotations."""
    metadata = body["metadata"]
    annotations = {k: v for k, v in (metadata.get("annotations") or {}).items() if k != names.ANNOTATION_HASH}
    bare = {**body, "metadata": {**metadata, "annotations": annotations}}
    annotations = annotations | {names.ANNOTATION_HASH: names.short_hash(canonical(bare), length=16)}
    return {**body, "metadata": {**metadata, "annotations": annotations}}
