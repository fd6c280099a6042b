"""Databases and their roles on PostgreSQL servers, as an entry of the registry."""

import base64
import time
from functools import partial

from .. import names, postgres
from ..api.environment import SharedServer
from ..api.objects import Environment, Microservice
from ..api.stores import Database
from ..cluster.connection import NOT_FOUND, ApiError
from ..cluster.kinds import SECRET
from ..connections import Login
from ..errors import NeedsPerson
from ..facts import Part, Reason, Section
from .doors import Doors
from .sorts import Going, Sort, Stepped, Wanted, items

DATABASE = "Database"


def databases(doors: Doors) -> Sort:
    """Databases through these doors."""
    admins = Admins(doors)
    return Sort(
        kind=DATABASE,
        layer="PostgreSQL",
        section=Section.DATABASES,
        declared=lambda spec, _environment: items(spec, "databases"),
        step=partial(_step, admins),
        leave=partial(_leave, admins),
    )


class Admins:
    """Admin logins of shared servers, read from their Secrets and remembered until the resync."""

    def __init__(self, doors: Doors) -> None:
        """Know none yet."""
        self.doors = doors
        self._known: dict[tuple[str, str], tuple[float, dict[str, str]]] = {}

    async def server(self, environment: Environment | None) -> postgres.Server:
        """The shared server of an Environment.

        Raises NeedsPerson where there is none.
        """
        found = environment.spec.databases if environment else None
        if environment is None or found is None:
            raise NeedsPerson(
                Reason.ENVIRONMENT_MISSING,
                "databases need an Environment with spec.databases; create one, or mark one as default",
            )
        if found.shared is None:
            raise NeedsPerson(
                Reason.PROVIDER_NOT_SUPPORTED,
                f"Environment {environment.name} asks for databases from provider {found.provider}, "
                "which this version does not offer; set spec.databases.provider to shared",
            )
        admin = await self._admin(found.shared)
        return postgres.Server(
            host=found.shared.host,
            port=found.shared.port,
            ssl_mode=found.shared.ssl_mode,
            admin=Login(admin["username"], admin["password"]),
            certificates=admin.get("ca.crt", ""),
        )

    def forget(self) -> None:
        """Read them anew: a login did not work."""
        self._known.clear()

    async def _admin(self, shared: SharedServer) -> dict[str, str]:
        ref = shared.admin_secret_ref
        at = (ref.namespace, ref.name)
        until, data = self._known.get(at, (0.0, {}))
        if until > time.monotonic():
            return data
        where = f"Secret {ref.namespace}/{ref.name}, the admin login of the shared PostgreSQL server,"
        try:
            secret = await self.doors.cluster.connection.send("GET", SECRET.path(*at))
        except ApiError as error:
            if error.code != NOT_FOUND:
                raise error.expected() from error
            raise NeedsPerson(Reason.DATABASE_UNREACHABLE, f"{where} does not exist; create it") from error
        data = {key: base64.b64decode(value).decode() for key, value in (secret.get("data") or {}).items()}
        if not {"username", "password"} <= set(data):
            raise NeedsPerson(Reason.DATABASE_UNREACHABLE, f"{where} lacks username or password; add both keys")
        self._known[at] = (time.monotonic() + self.doors.resync, data)
        return data


async def _step(admins: Admins, wanted: Wanted) -> Stepped:
    doors, service = admins.doors, wanted.service
    at, spec = next((at, d) for at, d in enumerate(service.spec.databases or []) if d.name == wanted.name)
    server = await admins.server(wanted.environment)
    logins = await _logins(doors, service, spec)
    place = postgres.Place(doors.servers, server, doors.owner(service.identity), doors.settled)
    database = postgres.WantedDatabase(
        spec=spec,
        logins=logins,
        known_id=wanted.known.get(DATABASE, ""),
        recreate=wanted.recreate,
        field=f"spec.databases[{at}]",
    )
    part, connection = await postgres.reconcile_database(place, database)
    if part.reason is Reason.DATABASE_UNREACHABLE:
        admins.forget()
    return Stepped((part,), connection=connection)


async def _leave(admins: Admins, going: Going) -> tuple[Part, ...]:
    doors = admins.doors
    place = postgres.Place(
        doors.servers, await admins.server(going.environment), doors.owner(going.owner), doors.settled
    )
    policy = "Delete" if going.policy == "Delete" else "Retain"  # a shared server takes no snapshots
    leaving = postgres.LeavingDatabase(going.name, policy, going.known.get(DATABASE, ""))  # type: ignore[arg-type]
    return (await postgres.delete_database(place, leaving),)


async def _logins(doors: Doors, service: Microservice, database: Database) -> postgres.Logins | None:
    """The logins that the two Secrets hold; `None` unless both are there and ours.

    Raises NeedsPerson when a Secret of that name is somebody else's.
    """
    found = []
    secret_name = database.connection.secret_name if database.connection else None
    for name in names.database_secrets(service.name, database.name, secret_name):
        secret = await doors.cluster.secret(service.identity, name)
        if secret is None or "password" not in (secret.get("data") or {}):
            return None
        data = {key: base64.b64decode(value).decode() for key, value in secret["data"].items()}
        found.append(Login(data["username"], data["password"]))
    return postgres.Logins(runtime=found[0], owner=found[1])
