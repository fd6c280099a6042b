"""Input of reconciliation and deletion: a server as one Microservice uses it, and a database."""

from collections.abc import Awaitable, Callable
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field
from typing import Literal

from ..api.stores import Database
from ..database_connection import Login, Rotated
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
    """The logins with a known password; without its Secret a login's password is unknown.

    `since` is when the Secret of the runtime login was created, an RFC 3339 time, "" if unknown.
    """

    runtime: Login | None = None
    owner: Login | None = None
    since: str = field(default="", compare=False)

    @property
    def both(self) -> Logins | None:
        """Both logins, or `None` if one is unknown."""
        return Logins(self.runtime, self.owner) if self.runtime and self.owner else None


@dataclass(frozen=True)
class StillUsed:
    """What may still use the earlier login, and the seconds until the next look; `None` if an event will tell."""

    what: str
    after: float | None = None


async def unused() -> StillUsed | None:
    """Say that no pod uses the earlier login."""
    return None


def at_once() -> float:
    """Wait for no turn."""
    return 0.0


@dataclass(frozen=True)
class Rotation:
    """Whether the passwords of a database must be rotated now.

    - `due`: the passwords that must be rotated; both are new in the same rotation, unless it was interrupted.
    - `wait`: what a rotation that is due waits for, "" if it may begin.
    - `begins`: what the Secrets record if it begins now.
    - `request`: the value of the request, which a new password satisfies, too.
    - `take_turn`: takes the turn of this rotation and returns 0, or returns the seconds to wait.
    - `still_used`: tells which pods may still use the earlier login. It does not raise.
    """

    due: Literal["", "owner", "both"] = ""
    wait: str = ""
    begins: Rotated = field(default=Rotated(), compare=False)
    request: str = field(default="", compare=False)
    still_used: Callable[[], Awaitable[StillUsed | None]] = field(default=unused, compare=False, repr=False)
    take_turn: Callable[[], float] = field(default=at_once, compare=False, repr=False)


@dataclass(frozen=True, kw_only=True)
class DesiredDatabase(DesiredResource[Database]):
    """A declared database; `logins` are those with a known password, from the Secrets in Kubernetes."""

    logins: KnownLogins = KnownLogins()
    rotation: Rotation = Rotation()
