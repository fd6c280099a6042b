"""Databases that are not wanted any more: retained, or dropped when the declaration says so; what the walk calls."""

from dataclasses import replace

from psycopg import sql

from ..errors import OperatorError
from ..facts import Event, Part, Reason, State
from ..ownership import Standing
from .databases import KIND, failed
from .observed import Names, OnServer, observe_server
from .places import LeavingDatabase, Place
from .servers import Session
from .statements import retention_statements


async def delete_database(place: Place, leaving: LeavingDatabase) -> Part:
    """Let a database go by its policy: a deleted CR's, or one that left the spec.

    It is over when the part's state is Ready (gone) or Retained (left in place, also when it was never ours).
    Never raises an OperatorError: what went wrong is in the part.
    """
    names = Names.of(place.owner, leaving.name)
    place.settled.forget(place.owner.identity.uid)
    part = Part("PostgreSQL", KIND, leaving.name, State.DELETING, Reason.DELETING, id=leaving.known_id)
    try:
        async with place.servers.session(place.server) as session:
            observed = await observe_server(session, names)
            standing = observed.standing(place.owner, names)
            if standing is None:
                return _gone(part, happened=bool(leaving.known_id))
            if standing is not Standing.OURS:
                message = f"database {names.database} at {place.server.address} belongs to somebody else and stays"
                return replace(part, state=State.RETAINED, reason=Reason.CONFLICT, message=message)
            if leaving.policy == "Retain":
                return await _retain(session, part, (place, names, observed))
            await _drop(session, names, observed)
            return _gone(part, happened=True)
    except OperatorError as error:
        return failed(part, error)


async def _retain(session: Session, part: Part, found: tuple[Place, Names, OnServer]) -> Part:
    place, names, observed = found
    message = f"database {part.name} is left in place at {place.server.address}"
    part = replace(part, state=State.RETAINED, reason=Reason.DATABASE_RETAINED, message=message)
    statements = retention_statements(names, observed, place.owner)
    if not statements:
        return part
    async with session.transaction():
        for statement in statements:
            await session.execute(statement)
    return replace(part, events=(Event("Normal", Reason.DATABASE_RETAINED, message),))


async def _drop(session: Session, names: Names, observed: OnServer) -> None:
    """The database first: roles that own something cannot go; after a crash between, the next pass drops them."""
    if observed.database:
        await session.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(names.database)))
    async with session.transaction():
        for name in sorted(observed.roles):
            await session.execute(sql.SQL("DROP ROLE {}").format(sql.Identifier(name)))


def _gone(part: Part, *, happened: bool) -> Part:
    message = f"database {part.name} is gone"
    events = (Event("Normal", Reason.DATABASE_DELETED, message),) if happened else ()
    return replace(part, state=State.READY, reason=Reason.DATABASE_DELETED, message=message, id="", events=events)
