"""Runs statements on a server: all in one transaction, or a single long one without interruption."""

import psycopg
from psycopg import errors, sql

from ..errors import NeedsPerson, NotYet
from ..facts import Reason
from .observe import Names
from .sessions import Session
from .statements import Statements

_NOTHING_DONE = ("01006", "01007")  # privilege not revoked, privilege not granted


async def run_all(session: Session, statements: Statements) -> None:
    """Run all statements in one transaction.

    Raises NeedsPerson if PostgreSQL only warns that a GRANT or REVOKE did nothing: otherwise it would repeat forever.
    """
    if not statements:
        return
    warnings: list[str] = []

    def warned(notice: errors.Diagnostic) -> None:
        if notice.sqlstate in _NOTHING_DONE:
            warnings.append(notice.message_primary or "")

    session.add_notice_handler(warned)
    async with session.transaction():
        for statement in statements:
            await session.execute(statement)
        if warnings:
            who = f"role {session.info.user}"
            raise NeedsPerson(
                Reason.FORBIDDEN, f"{who} lacks a right in {session.info.dbname}: {warnings[0]}; grant it"
            )
        session.may_write()  # to commit is to write
    session.remove_notice_handler(warned)


# of a superuser, of the owner's members and of whoever was granted CONNECT they stay
_WITHOUT_CONNECT = """
SELECT pg_catalog.pg_terminate_backend(pid) FROM pg_catalog.pg_stat_activity
WHERE datname OPERATOR(pg_catalog.=) %s AND NOT pg_catalog.has_database_privilege(usesysid, datid, 'CONNECT')
"""


async def end_sessions_without_connect(session: Session, names: Names) -> None:
    """End sessions of roles that may not connect to the database: a REVOKE ends none.

    Up to version 0.1.0 a new database accepted connections before its rights were in place.
    """
    await session.execute(_WITHOUT_CONNECT, [names.database])


async def run_long(session: Session, statement: sql.Composed, long: NotYet) -> None:
    """Run a statement that cannot be in a transaction and must not be interrupted, such as CREATE DATABASE.

    Up to PostgreSQL 14 it waits for checkpoints, and a timeout would only restart it. At the end of the session's time
    the server continues alone. Then this raises `long`, and the next reconciliation observes the result.
    """
    session.long = True
    await session.execute("SET statement_timeout = '10min'")
    try:
        await session.execute(statement)
    except psycopg.OperationalError as error:
        if error.sqlstate is None:  # the connection ended, not the statement
            raise long from None
        raise
    await session.execute("RESET statement_timeout")
    session.long = False
