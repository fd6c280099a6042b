"""What the walk hands in: a server as one Microservice sees it, and a database that is wanted or leaves."""

from dataclasses import dataclass, field
from typing import Literal

from ..api.stores import Database
from ..database_connection import Login
from ..ownership import Owner
from ..resync_cache import ResyncCache
from .sessions import Server, Servers


@dataclass(frozen=True)
class ServerScope:
    """A server as one Microservice sees it; a `dedicated` one is its own, and so is all that it holds."""

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
    """The logins of which the password is known; one whose Secret got lost may not be."""

    runtime: Login | None = None
    owner: Login | None = None

    @property
    def both(self) -> Logins | None:
        """Both of them, `None` if one is not known."""
        return Logins(self.runtime, self.owner) if self.runtime and self.owner else None


@dataclass(frozen=True)
class WantedDatabase:
    """A declared database.

    `logins` are those whose passwords are known, from the Secrets in Kubernetes. `known_id` is the id that status
    remembers: a database that was there and is not any more is never made again empty unless a person says
    so (`recreate`).
    """

    spec: Database
    logins: KnownLogins = KnownLogins()
    known_id: str = ""
    recreate: bool = False
    field: str = "spec.databases"


@dataclass(frozen=True)
class LeavingDatabase:
    """A database that is not wanted any more; it is retained unless its declaration said otherwise."""

    name: str
    policy: Literal["Retain", "Delete"] = "Retain"
    known_id: str = ""
