"""What a refusal of the API server means, by its Status object: its text may hold names that people choose."""

from ..errors import NotYet
from ..facts import Reason
from .api_client import CONFLICT, INVALID, JSON_PATCH, NOT_FOUND, ApiError

UID = "metadata.uid"


class Changed(NotYet):
    """Somebody else was quicker: what is there now has to be looked at again, at once."""

    def __init__(self, kind: str, name: str) -> None:
        """Name the object."""
        super().__init__(Reason.PROGRESSING, f"{kind} {name} changed meanwhile", 0.2)


def fields(error: ApiError) -> list[str]:
    """The fields that a refusal blames, such as `spec.ports[0].name`."""
    return [str(cause["field"]) for cause in error.causes if cause.get("field")]


def is_another(error: ApiError) -> bool:
    """Whether the object that was meant is gone, and at most another one of its name is there."""
    return error.code == NOT_FOUND or (error.code in (CONFLICT, INVALID) and UID in fields(error))


def changed_meanwhile(error: ApiError, content_type: str) -> bool:
    """Whether somebody else was quicker: a look at what is there now says what to do.

    A JSON patch whose `test` fails is answered with 422 and blames no field; what is wrong itself is answered with it.
    """
    if is_another(error) or error.code == CONFLICT:
        return True
    return error.code == INVALID and content_type == JSON_PATCH and not fields(error)
