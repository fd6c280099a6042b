"""What an error of PostgreSQL means for us: not what went wrong, but what happens next.

Only the server's own sentence is passed on, never a statement or its parameters.
"""

import psycopg
from psycopg import errors

from ..errors import NeedsPerson, NotYet, OperatorError
from ..facts import Reason

_AGAIN = 10.0
_BUSY = (
    errors.InternalError_,  # "tuple concurrently updated": two GRANTs on one object at a time
    errors.LockNotAvailable,
    errors.ObjectInUse,
    errors.SerializationFailure,
    errors.UniqueViolation,
)
# the same was done a moment ago, or what was there a moment ago is gone: the next pass sees what has become of it
_CHANGED = (
    errors.DuplicateDatabase,
    errors.DuplicateObject,
    errors.InvalidCatalogName,
    errors.UndefinedObject,
    errors.UndefinedTable,
)


def broken_off(error: psycopg.Error) -> bool:
    """The server is going, out of something, too slow, or a standby by now; a missing file stays missing."""
    off = psycopg.OperationalError | psycopg.InterfaceError | errors.ReadOnlySqlTransaction
    return isinstance(error, off) and not isinstance(error, errors.UndefinedFile)


def passes(error: psycopg.Error) -> bool:
    """Nothing of it is the statement's fault: the same statement may succeed later."""
    return isinstance(error, _BUSY) or broken_off(error)


def wrong_password(error: psycopg.Error) -> bool:
    """Is it certain that this login's password is not the role's?

    libpq hands on no SQLSTATE of a failed login, so only a server that speaks English gives a certain answer.
    """
    return "password authentication failed" in str(error)


def unreachable(error: psycopg.Error, where: str, role: str = "") -> NotYet:
    """No session came about: down, wrong password, wrong certificate, too many connections."""
    said = " ".join(str(error).split())
    # libpq names each address it tried before the cause
    cause = said.rsplit(" failed: ", 1)[-1].removeprefix("FATAL: ").strip().rstrip(".?")
    whom = f"does not admit role {role}" if role else "admits nobody"
    return NotYet(Reason.DATABASE_UNREACHABLE, f"PostgreSQL at {where} {whom}: {cause}", _AGAIN)


def meaning(error: psycopg.Error, where: str, role: str = "") -> OperatorError:
    """The error of a session, the admin's or that of `role`, as what happens next."""
    said = error.diag.message_primary or type(error).__name__
    if isinstance(error, errors.InsufficientPrivilege):
        who = f"role {role}" if role else "the admin login"
        return NeedsPerson(Reason.FORBIDDEN, f"{who} of PostgreSQL at {where} lacks a right: {said}; grant it")
    if isinstance(error, _BUSY + _CHANGED):
        return NotYet(Reason.PROGRESSING, f"PostgreSQL at {where} is not ready for it: {said}")
    if broken_off(error):
        return NotYet(Reason.DATABASE_UNREACHABLE, f"PostgreSQL at {where} broke off: {said}", _AGAIN)
    return NeedsPerson(Reason.REJECTED, f"PostgreSQL at {where} refuses: {said}")
