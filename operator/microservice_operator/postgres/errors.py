"""What an error of PostgreSQL means for us: not what went wrong, but what happens next.

Only the server's own sentence is passed on, never a statement or its parameters.
"""

import psycopg
from psycopg import errors

from ..errors import NeedsPerson, NotYet, OperatorError
from ..facts import Reason

_AGAIN = 10.0
# SQLSTATEs and their classes (PostgreSQL, Appendix A). The server is going, out of something, too slow, or a standby
# by now; a file that is missing (58P01) stays missing.
_AWAY = ("08", "25006", "53", "57", "58")
_MISSING_FILE = "58P01"
_BUSY = ("40", "23505", "55006", "55P03", "XX000")  # the last is "tuple concurrently updated": two GRANTs at a time
# the same was done a moment ago, or what was there a moment ago is gone: the next pass sees what has become of it
_CHANGED = ("3D000", "3F000", "42704", "42710", "42P01", "42P04")


def broken_off(error: psycopg.Error) -> bool:
    """The conversation ended (then there is no SQLSTATE), or the server cannot go on with it for now."""
    return not error.sqlstate or (error.sqlstate.startswith(_AWAY) and error.sqlstate != _MISSING_FILE)


def passes(error: psycopg.Error) -> bool:
    """Nothing of it is the statement's fault: the same statement may succeed later."""
    return broken_off(error) or (error.sqlstate or "").startswith(_BUSY)


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
    if broken_off(error):
        return NotYet(Reason.DATABASE_UNREACHABLE, f"PostgreSQL at {where} broke off: {said}", _AGAIN)
    if (error.sqlstate or "").startswith(_BUSY + _CHANGED):
        return NotYet(Reason.PROGRESSING, f"PostgreSQL at {where} is not ready for it: {said}")
    return NeedsPerson(Reason.REJECTED, f"PostgreSQL at {where} refuses: {said}")
