"""Maps PostgreSQL errors to ours, which are named after what happens next.

A message contains only the server's own sentence, never a statement or its parameters.
"""

import psycopg
from psycopg import errors

from ..errors import NeedsPerson, NotYet, OperatorError
from ..facts import Reason

_AGAIN = 10.0
# SQLSTATEs and their classes (PostgreSQL, Appendix A). The server shuts down, lacks resources, is too slow or is
# now a standby; a missing file (58P01) stays missing.
_RESOURCES = "53"
_AWAY = ("08", "25006", _RESOURCES, "57", "58")
_MISSING_FILE = "58P01"
_BUSY = ("40", "23505", "55006", "55P03", "XX000")  # the last is "tuple concurrently updated": two concurrent GRANTs
# something was created or dropped concurrently: the next reconciliation observes the result
_CHANGED = ("3D000", "3F000", "42704", "42710", "42P01", "42P04")


def connection_lost(error: psycopg.Error) -> bool:
    """Whether the connection ended (then without SQLSTATE) or the server cannot continue now."""
    return not error.sqlstate or (error.sqlstate.startswith(_AWAY) and error.sqlstate != _MISSING_FILE)


def is_transient(error: psycopg.Error) -> bool:
    """Whether the cause is not the statement, so that the same statement may succeed later."""
    return connection_lost(error) or (error.sqlstate or "").startswith(_BUSY)


def wrong_password(error: psycopg.Error) -> bool:
    """Whether the server certainly refused the login's password.

    libpq does not return the SQLSTATE of a failed login, so only a server with English messages gives a certain answer.
    """
    return "password authentication failed" in str(error)


def unreachable(error: psycopg.Error, where: str, role: str = "") -> NotYet:
    """Return the error of a failed connection: server down, wrong password or certificate, too many connections."""
    message = " ".join(str(error).split())
    # libpq puts each tried address before the cause
    cause = message.rsplit(" failed: ", 1)[-1].removeprefix("FATAL: ").strip().rstrip(".?")
    what = f"refuses role {role}" if role else "accepts no connection"
    return NotYet(Reason.DATABASE_UNREACHABLE, f"PostgreSQL at {where} {what}: {cause}", _AGAIN)


def classify_error(error: psycopg.Error, where: str, role: str = "") -> OperatorError:
    """Return our error for an error in a session of the admin, or of `role`."""
    message = error.diag.message_primary or type(error).__name__
    if isinstance(error, errors.InsufficientPrivilege):
        who = f"role {role}" if role else "the admin login"
        return NeedsPerson(Reason.FORBIDDEN, f"{who} of PostgreSQL at {where} lacks a right: {message}; grant it")
    if (error.sqlstate or "").startswith(_RESOURCES):
        return NotYet(Reason.DATABASE_UNREACHABLE, f"PostgreSQL at {where} lacks resources: {message}", _AGAIN)
    if connection_lost(error):
        return NotYet(Reason.DATABASE_UNREACHABLE, f"PostgreSQL at {where} closed the connection: {message}", _AGAIN)
    if (error.sqlstate or "").startswith(_BUSY + _CHANGED):
        return NotYet(Reason.PROGRESSING, f"PostgreSQL at {where} cannot run a statement now: {message}")
    return NeedsPerson(Reason.REJECTED, f"PostgreSQL at {where} refuses a statement: {message}")
