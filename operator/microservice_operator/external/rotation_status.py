"""PURE: what the status shows of the rotation of passwords, from the connections of a reconciliation."""

from collections.abc import Iterable, Iterator, Mapping

from .. import names
from ..api.parsing import Microservice
from ..api.stores import Database
from ..database_connection import Connection
from ..errors import Problem
from ..facts import Credentials, Part, State
from ..raw_objects import mappings, text
from .rotation_schedule import requested

Connections = Mapping[str, Connection]


def credentials(service: Microservice, connections: Connections, before: object) -> tuple[Credentials, ...]:
    """Return the logins to databases that have an interval or were rotated; one that is unknown now stays as it was."""
    earlier = {
        text(item, "database"): Credentials(text(item, "database"), text(item, "login"), text(item, "rotatedAt"))
        for item in mappings(before, "credentials")
    }
    shown = (_credentials(database, connections, earlier) for database in service.spec.databases or [])
    return tuple(each for each in shown if each)


def _credentials(
    database: Database, connections: Connections, earlier: Mapping[str, Credentials]
) -> Credentials | None:
    connection = connections.get(database.name)
    if connection is None:
        return earlier.get(database.name)
    runtime = connection.runtime
    if not runtime.rotated.at and database.credentials is None:
        return None
    return Credentials(database.name, runtime.username, runtime.rotated.at)


def rotation_handled(service: Microservice, connections: Connections, databases: Iterable[Part], before: object) -> str:
    """Return the last request that is carried out: every password is newer, and no earlier login is valid.

    A database that could not be read now does not show whether its earlier login is valid.
    """
    request = requested(service.annotations)
    if not request:
        return ""
    ready = {part.name for part in databases if part.state is State.READY}
    declared = [database.name for database in service.spec.databases or []]
    done = all(name in ready and _done(connections.get(name), request) for name in declared)
    return request if done else text(before, "lastHandledRotateAt")


def _done(connection: Connection | None, request: str) -> bool:
    if connection is None or connection.retiring:
        return False
    return all(login.rotated.request == request for login in (connection.runtime, connection.owner))


def rotates_nothing(service: Microservice) -> Iterator[Problem]:
    """Yield a notice when the annotation requests a rotation and no database is declared."""
    if requested(service.annotations) and not service.spec.databases:
        message = "no database is declared, so there is no password to rotate; remove the annotation"
        yield Problem(f"metadata.annotations[{names.ANNOTATION_ROTATE}]", message)
