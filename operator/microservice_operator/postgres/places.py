"""What the walk hands in: a server as one Microservice sees it, and a database that is wanted or leaves."""

from dataclasses import dataclass, field
from typing import Literal

from ..api.stores import Database
from ..connections import Login
from ..ownership import Owner
from ..settled import Settled
from .servers import Server, Servers


@dataclass(frozen=True)
class Place:
    """A server as one Microservice sees it; a `dedicated` one is its own, and so is all that it holds."""

    servers: Servers
    server: Server
    owner: Owner
    settled: Settled = field(default_factory=lambda: Settled(0))
    dedicated: bool = False


@dataclass(frozen=True)
class Logins:
    """The two logins that the connection Secret holds."""

    runtime: Login
    owner: Login


@dataclass(frozen=True)
class WantedDatabase:
    """A declared database.

    `logins` is what the connection Secret in Kubernetes says, `None` if there is no such Secret. `known_id` is the id
    that status remembers: a database that was there and is not any more is never made again empty unless a person says
    so (`recreate`).
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
