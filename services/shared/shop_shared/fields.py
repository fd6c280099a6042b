"""Types of fields that the services' contracts share."""

from typing import Annotated

from pydantic import BeforeValidator, Strict


def _whole(value: object) -> object:
    """``5.0`` is a JSON integer as good as ``5``: that is what JSON Schema says, and what some clients send."""
    return int(value) if isinstance(value, float) and value.is_integer() else value


WholeNumber = Annotated[int, Strict(), BeforeValidator(_whole)]
"""Neither ``"5"`` nor ``true``."""
