"""Gives the schema `public` to the database's owner: needed before PostgreSQL 15, and after an upgrade from there.

Before that, every role may create objects in it, and the owner's GRANTs and REVOKEs on it only warn.
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
    """Whether the schema needs a change that the database's owner may not make."""
    return schema is not None and not schema.ours and bool(schema_statements(names, schema))


async def take_over_public(scope: ServerScope, names: Names, schema: PublicSchema, *, superuser: bool) -> None:
    """Change the schema's owner as admin, because the database's owner cannot.

    A superuser takes it only from the superuser that initdb created.
    Raises NeedsPerson if the admin lacks the right, or if another role owns the schema on purpose.
    """
    statement = take_public(names)
    if schema.bootstrap or not superuser:
        async with scope.session(names.database) as session:
            with suppress(errors.InsufficientPrivilege):
                await session.execute(statement)
                return
    raise NeedsPerson(
        Reason.FORBIDDEN,
        f"schema public of database {names.database} at {scope.server.address} belongs to role {schema.owner}, so the "
        "operator cannot set the service's rights there; run there as that role or as a superuser: "
        f"{statement.as_string(None)}",
    )
