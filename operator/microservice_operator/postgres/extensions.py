"""Creates the extensions of a database in a session of its owner: only those that PostgreSQL trusts.

As admin, the operator could create an extension for an author that reads the server's files or runs programs. SET ROLE
in an admin session is not safe either: code called by an extension's script could change the role back.
"""

import psycopg
from psycopg import sql

from ..errors import NeedsPerson
from ..facts import Reason
from .database_catalog import InDatabase
from .errors import is_transient
from .models import DesiredDatabase
from .observe import rows
from .sessions import Session

_HOME = """
SELECT v.schema FROM pg_catalog.pg_available_extensions e JOIN pg_catalog.pg_available_extension_versions v
     ON v.name OPERATOR(pg_catalog.=) e.name AND v.version OPERATOR(pg_catalog.=) e.default_version
WHERE e.name OPERATOR(pg_catalog.=) %s
"""


async def create_extensions(session: Session, observed: InDatabase, desired: DesiredDatabase) -> list[str]:
    """Create missing declared extensions and return them; undeclared ones stay, because tables may use them."""
    missing = [name for name in desired.spec.extensions or [] if name not in observed.extensions]
    for name in missing:
        statement = sql.SQL("CREATE EXTENSION IF NOT EXISTS {}").format(sql.Identifier(name))
        if not await _has_a_home(session, name):
            if observed.schema is None:
                raise _refused(desired, name, "its database has no schema public", "create the schema in the migration")
            statement += sql.SQL(" SCHEMA public")
        try:
            await session.execute(statement)
        except psycopg.Error as error:
            if is_transient(error):
                raise
            act = "ask the server's admin to create it in the database"
            raise _refused(desired, name, error.diag.message_primary or type(error).__name__, act) from None
    return missing


async def _has_a_home(session: Session, name: str) -> bool:
    """Whether its control file fixes the schema; such an extension accepts no other one."""
    return any(schema for (schema,) in await rows(session, _HOME, [name]))


def _refused(desired: DesiredDatabase, name: str, cause: str, act: str) -> NeedsPerson:
    message = f"extension {name} cannot be created: {cause}; remove it from the spec, or {act}"
    return NeedsPerson(Reason.REJECTED, message, f"{desired.field}.extensions")
