"""Extensions of a database, made as its owner: only those that PostgreSQL trusts to anybody who may create in it.

As admin, an author could have the operator load one that reads the server's files or runs programs.
"""

from psycopg import Error, sql

from ..errors import NeedsPerson
from ..facts import Reason
from .observed import Names, observe_database
from .places import WantedDatabase
from .servers import Session


async def create_extensions(session: Session, names: Names, wanted: WantedDatabase) -> list[str]:
    """Make what is declared and missing, and answer it; what is no longer declared stays, for tables may use it."""
    declared = wanted.spec.extensions or []
    if not declared:
        return []
    present = (await observe_database(session, names)).extensions
    missing = [name for name in declared if name not in present]
    for name in missing:
        try:
            async with session.transaction():
                await session.execute(sql.SQL("SET LOCAL ROLE {}").format(sql.Identifier(names.owner)))
                await session.execute(sql.SQL("CREATE EXTENSION IF NOT EXISTS {}").format(sql.Identifier(name)))
        except Error as error:
            if error.sqlstate is None:
                raise
            raise NeedsPerson(
                Reason.REJECTED,
                f"extension {name} cannot be made: {error.diag.message_primary}; remove it from the spec, or have the "
                "server's admin make it in the database",
                f"{wanted.field}.extensions",
            ) from None
    return missing
