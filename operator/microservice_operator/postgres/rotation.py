"""Rotates the passwords of a database, one step per reconciliation, without a moment at which a pod cannot log in.

PostgreSQL has one password per role, so the service has two logins that take turns (docs/decisions/0024). First the
login that no pod uses gets a new password on the server. Then the caller writes it into the connection Secret, and the
pods roll. The earlier login stays valid until no pod and no session uses it. Then it can no longer log in.

The server and the Secret hold the state: the Secret names the login in use, and the server shows whether the other one
may still log in. So after a crash at any point the next reconciliation continues. A password that never reached the
Secret belongs to a login that no pod uses, and the next step closes that login.
"""

from dataclasses import dataclass, replace

from ..database_connection import Connection, Login
from .execute import run_all
from .models import DesiredDatabase, ServerScope, StillUsed
from .observe import Names, OnServer, observe_sessions
from .passwords import password, proof
from .statements import retirement_statements, rotation_statements

SESSION_SECONDS = 30.0  # no event reports the end of a session


@dataclass(frozen=True)
class Rotating:
    """A database that is as declared: its names, what the server showed, and the connection in the Secrets."""

    names: Names
    observed: OnServer
    connection: Connection

    @property
    def earlier(self) -> str:
        """The service's other login while it is valid, "" if it is not."""
        name = self.names.other_login(self.connection.runtime.username)
        return name if name in self.observed.roles and self.observed.roles[name].login else ""


@dataclass(frozen=True)
class RotationStep:
    """The connection after one step, and what to report; `up_to_date` if nothing was done and nothing is left to do."""

    connection: Connection
    up_to_date: bool = False
    message: str = ""
    after: float | None = None
    happened: tuple[str, ...] = ()


async def rotate(scope: ServerScope, desired: DesiredDatabase, rotating: Rotating) -> RotationStep:
    """Take the next step: retire the earlier login, or begin a rotation that is due.

    Raises an OperatorError if the server fails; the next call goes on.
    """
    connection = rotating.connection
    if rotating.earlier:
        return await _retire(scope, desired, replace(connection, retiring=rotating.earlier))
    if not desired.rotation.due:
        return RotationStep(connection, up_to_date=True)
    if desired.rotation.wait:
        return RotationStep(connection, up_to_date=True, message=f"its rotation waits until {desired.rotation.wait}")
    if seconds := desired.rotation.take_turn():
        message = "its rotation waits until those of other services have begun, or until an earlier attempt is over"
        return RotationStep(connection, message=message, after=seconds)
    return await _begin(scope, desired, rotating)


async def _begin(scope: ServerScope, desired: DesiredDatabase, rotating: Rotating) -> RotationStep:
    names, connection, rotation = rotating.names, rotating.connection, desired.rotation
    owner = Login(names.owner, password(), rotation.begins)
    fresh = replace(connection, owner=owner)
    logins = [owner]
    if rotation.due == "both":
        used = connection.runtime.username
        runtime = Login(names.other_login(used), password(), rotation.begins)
        fresh, logins = replace(fresh, runtime=runtime, retiring=used), [owner, runtime]
    verifiers = {login.username: proof(login.username, login.password).verifier for login in logins}
    async with scope.session() as session:
        await run_all(session, rotation_statements(names, rotating.observed, scope.owner, verifiers))
    if not fresh.retiring:
        return RotationStep(fresh, happened=("gave its owner a new password",), after=0.0)
    happened = f"rotated its passwords; pods that start now log in as {fresh.runtime.username}"
    return RotationStep(fresh, message=_stays(fresh.retiring, "the rollout is complete"), happened=(happened,))


async def _retire(scope: ServerScope, desired: DesiredDatabase, connection: Connection) -> RotationStep:
    """Close the earlier login as soon as nobody uses it; what cannot be observed counts as in use."""
    earlier = connection.retiring
    still = await desired.rotation.still_used()
    if still is None:
        async with scope.session() as session:
            if not await observe_sessions(session, earlier):
                await run_all(session, retirement_statements(earlier))
                happened = f"login {earlier} is no longer valid"
                return RotationStep(replace(connection, retiring=""), happened=(happened,), after=0.0)
        still = StillUsed("its open sessions have ended, which pg_stat_activity shows", SESSION_SECONDS)
    return RotationStep(connection, message=_stays(earlier, still.what), after=still.after)


def _stays(login: str, until: str) -> str:
    return f"login {login} stays valid until {until}"
