"""Input of reconciliation and deletion: a server as one Microservice uses it, and a database."""

from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field

from ..api.stores import Database
from ..database_connection import Login
from ..ownership import Owner
from ..resources import DesiredResource
from ..resync_cache import ResyncCache
from .sessions import MAINTENANCE, Server, Servers, Session


@dataclass(frozen=True)
class ServerScope:
    """A server as one Microservice uses it; a `dedicated` server and everything on it belongs to the Microservice."""

    servers: Servers
    server: Server
    owner: Owner
    resync_cache: ResyncCache = field(default_factory=lambda: ResyncCache(0))
    dedicated: bool = False

    def session(self, database: str = MAINTENANCE, role: Login | None = None) -> AbstractAsyncContextManager[Session]:
        """Open a session on the server as its admin or as a `role`, in the turn of the owner's namespace."""
        return self.servers.session(self.server, self.owner.identity.namespace, database, role)


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


@dataclass(frozen=True, kw_only=True)
class DesiredDatabase(DesiredResource[Database]):
    """A declared database; `logins` are those with a known password, from the Secrets in Kubernetes."""

    logins: KnownLogins = KnownLogins()
