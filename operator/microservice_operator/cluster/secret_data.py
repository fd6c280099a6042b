"""PURE: what a Secret holds, as text; anybody who may write Secrets may have put anything there."""

import base64
from collections.abc import Mapping
from typing import Any


def texts(secret: Mapping[str, Any]) -> dict[str, str]:
    """Values by key; a value that is no text is left out, as if it were not there."""
    data = secret.get("data")
    found = {str(key): _text(value) for key, value in data.items()} if isinstance(data, Mapping) else {}
    return {key: value for key, value in found.items() if value is not None}


def _text(value: object) -> str | None:
    try:
        return base64.b64decode(str(value), validate=True).decode()
    except ValueError:  # no base64, or no UTF-8
        return None
