"""PURE: decodes the content of a Secret to text; whoever may write Secrets may have stored anything there."""

import base64
from collections.abc import Mapping
from typing import Any


def texts(secret: Mapping[str, Any]) -> dict[str, str]:
    """Return the values by key; a value that is not text is omitted."""
    data = secret.get("data")
    values = {str(key): _text(value) for key, value in data.items()} if isinstance(data, Mapping) else {}
    return {key: value for key, value in values.items() if value is not None}


def _text(value: object) -> str | None:
    try:
        return base64.b64decode(str(value), validate=True).decode()
    except ValueError:  # not base64, or not UTF-8
        return None
