"""The schema `public` becomes the database owner's where it is not: before PostgreSQL 15, and after an upgrade from it.

Until then every role may create in it, and what the owner says of it does nothing but warn.
"""

from contextlib import suppress

from psycopg import errors

from ..errors import NeedsPerson
from ..facts import Reason
from .database_catalog import PublicSchema
from .models import ServerScope
from .observe import Names
from .statements import schema_statements, take_public


def in_the_way(names: Names, schema: PublicSchema | None) -> bool:
    """Whether something is to be changed that the owner of the database may not change."""
    return schema is not None and not schema.ours and bool(schema_statements(names, schema))


async def take_over_public(scope: ServerScope, names: Names, schema: PublicSchema, *, superuser: bool) -> None:
    """By the admin, for the one statement that the database's owner cannot say.

    A superuser takes it from nobody but the one that initdb made.
    Raises NeedsPerson when the admin lacks the right, or the schema is somebody else's on purpose.
    """
    statement = take_public(names)
    if schema.bootstrap or not superuser:
        async with scope.servers.session(scope.server, names.database) as session:
            with suppress(errors.InsufficientPrivilege):
                await session.execute(statement)
                return
    raise NeedsPerson(
        Reason.FORBIDDEN,
        f"schema public of database {names.database} at {scope.server.address} belongs to role {schema.owner}, so what "
        f"its services may do there cannot be set; as that role or a superuser say there: {statement.as_string(None)}",
    )
