"""Deletes databases that are no longer declared: retains them, or drops them if the declaration says so."""

from dataclasses import replace

from psycopg import errors, sql

from .. import names as annotation
from ..errors import NeedsPerson, NotYet, OperatorError
from ..facts import Event, Part, Reason, State
from ..ownership import Ownership
from ..resources import Removal
from .execute import run_all, run_long
from .models import ServerScope
from .observe import Names, OnServer, observe_server
from .reconcile import KIND, database_id, failed
from .sessions import Session
from .statements import membership_statements, quote_roles, retention_statements


async def delete_database(scope: ServerScope, removal: Removal) -> Part:
    """Drop or retain a database by its policy, after its Microservice was deleted or it was removed from the spec.

    It is done when the part's state is Ready (gone) or Retained (it stays, also if it was never ours).
    Never raises an OperatorError: the part contains the error.
    """
    names, known_id = Names.of(scope.owner, removal.name), removal.id_of(KIND)
    scope.resync_cache.invalidate((scope.owner.identity.uid, KIND, names.database))
    part = Part("PostgreSQL", KIND, removal.name, State.DELETING, Reason.DELETING, id=known_id)
    elsewhere = known_id not in ("", database_id(scope, names))
    try:
        async with scope.session() as session:
            observed = await observe_server(session, names)
            standing = observed.standing(scope.owner, names)
            if elsewhere and standing is not Ownership.OURS:
                return _elsewhere(scope, part, removal)
            if standing is None:
                return _gone(part, happened=bool(known_id))
            if standing is not Ownership.OURS:
                message = f"database {names.database} at {scope.server.address} has another owner; it is retained"
                return replace(part, state=State.RETAINED, reason=Reason.CONFLICT, message=message)
            if removal.policy == "Retain":
                return await _retain(session, part, (scope, names, observed))
            await _drop(session, part, names, observed)
            return _gone(part, happened=True)
    except OperatorError as error:
        return failed(part, error)


def _elsewhere(scope: ServerScope, part: Part, removal: Removal) -> Part:
    """Report a database that is missing here: it may still exist on its old server."""
    if removal.policy == "Retain":
        message = f"database {part.name} is retained at {part.id}"
        return replace(part, state=State.RETAINED, reason=Reason.DATABASE_RETAINED, message=message)
    raise NeedsPerson(
        Reason.DATABASE_LOST,
        f"database {part.name} was at {part.id} but is not at {scope.server.address}, the Environment's current "
        "server; set the old server in the Environment until it is deleted, or annotate with "
        f"{annotation.ANNOTATION_ABANDON} to leave it",
    )


async def _retain(session: Session, part: Part, observation: tuple[ServerScope, Names, OnServer]) -> Part:
    scope, names, observed = observation
    message = f"database {part.name} is retained at {scope.server.address}"
    part = replace(part, state=State.RETAINED, reason=Reason.DATABASE_RETAINED, message=message)
    statements = retention_statements(names, observed, scope.owner)
    if not statements:
        return part
    await run_all(session, statements)
    return replace(part, events=(Event("Normal", Reason.DATABASE_RETAINED, message),))


_SESSIONS = """
SELECT pg_catalog.pg_terminate_backend(pid) FROM pg_catalog.pg_stat_activity
WHERE usename OPERATOR(pg_catalog.=) ANY (%s)
"""


async def _drop(session: Session, part: Part, names: Names, observed: OnServer) -> None:
    """Drop the database, then its roles: a role that owns something cannot be dropped.

    After a crash in between, the next reconciliation drops the roles. Obstacles that the owner can create are removed
    first: locks of its sessions, and the template flag of the database.
    """
    roles = sorted(observed.roles)
    shut = [sql.SQL("ALTER ROLE {} NOLOGIN").format(sql.Identifier(name)) for name in roles]
    await run_all(session, [*membership_statements(observed, tuple(roles)), *shut])
    await session.execute(_SESSIONS, [roles])
    database = sql.Identifier(names.database)
    if observed.template:
        await session.execute(sql.SQL("ALTER DATABASE {} IS_TEMPLATE false").format(database))
    if observed.database:
        long = NotYet(Reason.DATABASE_DELETING, f"database {part.name} is still being deleted", 10.0)
        await run_long(session, sql.SQL("DROP DATABASE {} WITH (FORCE)").format(database), long)
    try:
        await run_all(session, [sql.SQL("DROP ROLE {}").format(sql.Identifier(name)) for name in roles])
    except errors.DependentObjectsStillExist as error:
        raise NeedsPerson(
            Reason.DELETING,
            f"database {part.name} is dropped, but {error.diag.message_primary} ({error.diag.message_detail}); run in "
            f"that database: DROP OWNED BY {quote_roles(roles)}, which deletes everything that these roles own there",
        ) from None


def _gone(part: Part, *, happened: bool) -> Part:
    message = f"database {part.name} is dropped"
    events = (Event("Normal", Reason.DATABASE_DELETED, message),) if happened else ()
    return replace(part, state=State.READY, reason=Reason.DATABASE_DELETED, message=message, id="", events=events)
