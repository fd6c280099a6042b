"""Classifies errors of the API server by their Status object; the text may contain names that people choose."""

from ..errors import NotYet
from ..facts import Reason
from .api_client import CONFLICT, INVALID, JSON_PATCH, NOT_FOUND, ApiError

UID = "metadata.uid"


class Changed(NotYet):
    """Another writer was faster: the current state must be read again, immediately."""

    def __init__(self, kind: str, name: str) -> None:
        """Name the object."""
        super().__init__(Reason.PROGRESSING, f"{kind} {name} has just changed; retried automatically", 0.2)


def fields(error: ApiError) -> list[str]:
    """Return the fields that an error names, such as `spec.ports[0].name`."""
    return [str(cause["field"]) for cause in error.causes if cause.get("field")]


def is_another(error: ApiError) -> bool:
    """Return whether the intended object is gone, even if another one of the same name exists."""
    return error.code == NOT_FOUND or (error.code in (CONFLICT, INVALID) and UID in fields(error))


def changed_meanwhile(error: ApiError, content_type: str) -> bool:
    """Return whether another writer was faster, so that the current state must be read again.

    A JSON patch whose `test` fails is answered with 422 and names no field; an invalid patch is answered with a field.
    """
    if is_another(error) or error.code == CONFLICT:
        return True
    return error.code == INVALID and content_type == JSON_PATCH and not fields(error)
