"""Input of reconciliation and deletion: a server as one Microservice uses it, and a database."""

from dataclasses import dataclass, field
from typing import Literal

from ..api.stores import Database
from ..database_connection import Login
from ..ownership import Owner
from ..resync_cache import ResyncCache
from .sessions import Server, Servers


@dataclass(frozen=True)
class ServerScope:
    """A server as one Microservice uses it; a `dedicated` server and everything on it belongs to the Microservice."""

    servers: Servers
    server: Server
    owner: Owner
    resync_cache: ResyncCache = field(default_factory=lambda: ResyncCache(0))
    dedicated: bool = False


@dataclass(frozen=True)
class Logins:
    """The two logins of a database."""

    runtime: Login
    owner: Login


@dataclass(frozen=True)
class KnownLogins:
    """The logins with a known password; without its Secret a login's password is unknown."""

    runtime: Login | None = None
    owner: Login | None = None

    @property
    def both(self) -> Logins | None:
        """Both logins, or `None` if one is unknown."""
        return Logins(self.runtime, self.owner) if self.runtime and self.owner else None


@dataclass(frozen=True)
class WantedDatabase:
    """A declared database.

    `logins` are those with a known password, from the Secrets in Kubernetes. `known_id` is the id from the status: a
    lost database is created again, empty, only if a person allows it (`recreate`).
    """

    spec: Database
    logins: KnownLogins = KnownLogins()
    known_id: str = ""
    recreate: bool = False
    field: str = "spec.databases"


@dataclass(frozen=True)
class LeavingDatabase:
    """A database that is no longer declared; it is retained unless its declaration said otherwise."""

    name: str
    policy: Literal["Retain", "Delete"] = "Retain"
    known_id: str = ""
