"""Databases of a Microservice on a shared server: what the walk calls."""

from dataclasses import dataclass, field
from typing import Literal

from ..api.stores import Database
from ..connections import Connection, Login
from ..facts import Part
from ..ownership import Owner
from ..settled import Settled
from .servers import Server, Servers


@dataclass(frozen=True)
class Place:
    """A server as one Microservice sees it."""

    servers: Servers
    server: Server
    owner: Owner
    settled: Settled = field(default_factory=lambda: Settled(0))


@dataclass(frozen=True)
class Logins:
    """The two logins that the connection Secret holds."""

    runtime: Login
    owner: Login


@dataclass(frozen=True)
class WantedDatabase:
    """A declared database.

    `logins` is what the connection Secret in Kubernetes says, `None` if there is no such Secret. `known_id` is the id
    that status remembers: a database that was there and is not any more is never made again empty unless a person
    says so (`recreate`).
    """

    spec: Database
    logins: Logins | None = None
    known_id: str = ""
    recreate: bool = False
    field: str = "spec.databases"


@dataclass(frozen=True)
class LeavingDatabase:
    """A database that is not wanted any more; it is retained unless its declaration said otherwise."""

    name: str
    policy: Literal["Retain", "Delete"] = "Retain"
    known_id: str = ""


async def reconcile_database(place: Place, wanted: WantedDatabase) -> tuple[Part, Connection | None]:
    """Bring a declared database to what is wanted, and say how it stands and how to connect.

    The Secret comes first: a pass without `logins` makes passwords, changes nothing on the server, and returns them
    in a Connection with a part that is Progressing and asks for another look at once. The caller writes the Secret;
    the next pass finds it and sets the roles to it. So a password that was made and not written was never used, and a
    crash at any point leaves roles that the next pass sets to what the Secret says. Never raises an OperatorError:
    what went wrong is in the part.
    """
    raise NotImplementedError


async def delete_database(place: Place, leaving: LeavingDatabase) -> Part:
    """Let a database go by its policy: a deleted CR's, or one that left the spec.

    It is over when the part's state is Ready (gone) or Retained (left in place, also when it was never ours).
    """
    raise NotImplementedError
