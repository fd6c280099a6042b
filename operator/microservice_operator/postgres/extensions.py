"""Extensions of a database, made by its owner in a session of its own: only those that PostgreSQL trusts to it.

As admin, an author could have the operator load one that reads the server's files or runs programs. A session of the
admin that has only changed its role will not do either: what a script of an extension calls could change it back.
"""

import psycopg
from psycopg import sql

from ..errors import NeedsPerson
from ..facts import Reason
from .database_catalog import InDatabase
from .errors import passes
from .models import WantedDatabase
from .observe import rows
from .sessions import Session

_HOME = """
SELECT v.schema FROM pg_catalog.pg_available_extensions e JOIN pg_catalog.pg_available_extension_versions v
     ON v.name OPERATOR(pg_catalog.=) e.name AND v.version OPERATOR(pg_catalog.=) e.default_version
WHERE e.name OPERATOR(pg_catalog.=) %s
"""


async def create_extensions(session: Session, observed: InDatabase, wanted: WantedDatabase) -> list[str]:
    """Make what is declared and missing, and answer it; what is no longer declared stays, for tables may use it."""
    missing = [name for name in wanted.spec.extensions or [] if name not in observed.extensions]
    for name in missing:
        statement = sql.SQL("CREATE EXTENSION IF NOT EXISTS {}").format(sql.Identifier(name))
        if not await _has_a_home(session, name):
            if observed.schema is None:
                raise _refused(
                    wanted, name, "its database has no schema public", "have the migration create the schema"
                )
            statement += sql.SQL(" SCHEMA public")
        try:
            await session.execute(statement)
        except psycopg.Error as error:
            if passes(error):
                raise
            act = "have the server's admin make it in the database"
            raise _refused(wanted, name, error.diag.message_primary or type(error).__name__, act) from None
    return missing


async def _has_a_home(session: Session, name: str) -> bool:
    """Its control file names the schema; such an extension must not be given another one."""
    return any(schema for (schema,) in await rows(session, _HOME, [name]))


def _refused(wanted: WantedDatabase, name: str, cause: str, act: str) -> NeedsPerson:
    message = f"extension {name} cannot be made: {cause}; remove it from the spec, or {act}"
    return NeedsPerson(Reason.REJECTED, message, f"{wanted.field}.extensions")
