"""What an error of PostgreSQL means for us: not what went wrong, but what happens next.

Only the server's own sentence is passed on, never a statement or its parameters.
"""

import psycopg
from psycopg import errors

from ..errors import NeedsPerson, NotYet, OperatorError
from ..facts import Reason

_AGAIN = 10.0
# somebody else is at it, or the same was done a moment ago: the next pass sees what has become of it
_PASSING = (
    errors.DuplicateDatabase,
    errors.DuplicateObject,
    errors.InvalidCatalogName,
    errors.LockNotAvailable,
    errors.ObjectInUse,
    errors.SerializationFailure,
    errors.UndefinedObject,
    errors.UniqueViolation,
)


def unreachable(error: psycopg.Error, where: str) -> NotYet:
    """No session came about: down, wrong password, wrong certificate, too many connections."""
    said = " ".join(str(error).split())
    # libpq names each address it tried before the cause
    cause = said.rsplit(" failed: ", 1)[-1].removeprefix("FATAL: ").strip().rstrip(".?")
    return NotYet(Reason.DATABASE_UNREACHABLE, f"PostgreSQL at {where} admits nobody: {cause}", _AGAIN)


def meaning(error: psycopg.Error, where: str) -> OperatorError:
    """The error of a session as what happens next."""
    said = error.diag.message_primary or type(error).__name__
    if isinstance(error, errors.InsufficientPrivilege):
        return NeedsPerson(
            Reason.FORBIDDEN, f"the admin login of PostgreSQL at {where} lacks a right: {said}; grant it"
        )
    if isinstance(error, _PASSING):
        return NotYet(Reason.PROGRESSING, f"PostgreSQL at {where} is not ready for it: {said}")
    if isinstance(error, psycopg.OperationalError | psycopg.InterfaceError):
        return NotYet(Reason.DATABASE_UNREACHABLE, f"PostgreSQL at {where} broke off: {said}", _AGAIN)
    return NeedsPerson(Reason.REJECTED, f"PostgreSQL at {where} refuses: {said}")
