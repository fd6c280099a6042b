"""Databases and their roles on PostgreSQL servers as external resources.

The server is a shared one that exists already, or an RDS instance, which is a separate resource.
"""

import time
from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from .. import names
from ..api.environment import RDS, SecretRef
from ..api.parsing import Environment, Microservice
from ..api.stores import Database
from ..aws.engine.arns import name_in_arn
from ..aws.rds.instances import endpoint
from ..cluster import secret_data
from ..cluster.api_client import NOT_FOUND, ApiError
from ..cluster.kinds import SECRET
from ..cluster.pod_problems import is_over
from ..database_connection import Login
from ..desired.connection_secret import data_hash
from ..errors import NeedsPerson, NotYet
from ..facts import Part, Reason, Section, State
from ..postgres.deletion import delete_database
from ..postgres.models import DesiredDatabase, KnownLogins, Logins, Rotation, ServerScope, StillUsed
from ..postgres.passwords import is_generated
from ..postgres.reconcile import reconcile_database
from ..postgres.sessions import Server
from ..raw_objects import text
from . import rotation_schedule as schedule
from .adoption import DATABASES, deletion, with_adoption
from .clients import ExternalClients
from .desired import of_rds
from .graph import Key
from .rds_instances import INSTANCE
from .resource import (
    DATABASE,
    Declaration,
    DeleteInput,
    ExternalResource,
    ReconcileInput,
    StepResult,
    declared_item,
    without_snapshot,
)

_LOGIN_BYTES = 1024  # each login hashes the password
_CERTIFICATES = "ca.crt"
POD_SECONDS = 5.0  # until the next look at pods that may still use an earlier login


class Databases(ExternalResource):
    """Databases of `spec.databases`; one of provider `rds` depends on its instance."""

    kind = DATABASE
    layer = "PostgreSQL"
    section = Section.DATABASES

    def __init__(self, clients: ExternalClients) -> None:
        """Reach the servers through `clients`."""
        super().__init__(clients)
        self._admins = Admins(clients)

    def declarations(self, spec: Mapping[str, Any], _environment: Environment | None) -> Iterable[Declaration]:
        return with_adoption(spec, DATABASES, "identifier")

    def dependencies(self, _owner: str, name: str) -> Iterable[Key]:
        return [(INSTANCE, name)]

    async def reconcile(self, declared: ReconcileInput) -> StepResult:
        service = declared.service
        index, spec = declared_item(service.spec.databases, declared.name)
        for unfit, field in ((spec.adopt, "adopt"), (spec.restore_from, "restoreFrom")):
            if unfit and not of_rds(declared.environment):
                message = (
                    f"{field} of database {spec.name} needs an RDS instance, but the Environment has no databases.rds; "
                    f"remove {field}"
                )
                raise NeedsPerson(Reason.REJECTED, message, f"spec.databases[{index}].{field}")
        scope = await self._scope(declared)
        logins = await _logins(self._clients, service, spec)
        rotation, after = self._rotation(declared, spec, logins)
        database = DesiredDatabase(
            spec=spec,
            known=declared.known,
            recreate=declared.recreate,
            field=f"spec.databases[{index}]",
            logins=logins,
            rotation=rotation,
        )
        part, connection = await reconcile_database(scope, database)
        if part.state is State.READY:
            part = replace(part, after=min((each for each in (part.after, after) if each is not None), default=None))
        if part.reason is Reason.DATABASE_UNREACHABLE:
            self._admins.forget()
        if connection and part.state is State.READY:
            self._clients.logins[service.identity.uid, spec.name] = Logins(connection.runtime, connection.owner)
        kept = bool(rotation.due or (connection and connection.retiring)) and not declared.rolled_out
        return StepResult((part,), connection=connection, kept=kept)

    def _rotation(self, declared: ReconcileInput, spec: Database, logins: KnownLogins) -> tuple[Rotation, float | None]:
        """Whether the passwords are rotated now, and the seconds until the next one may be due."""
        now, identity = datetime.now(UTC), declared.service.identity
        request = schedule.requested(declared.service.annotations)
        waiter = schedule.Waiter(identity.namespace, identity.uid, spec.name)
        left = schedule.seconds_left(spec, logins, identity.uid, now)
        what, turns = schedule.due(logins, request, left), self._clients.rotation_turns
        wait, after = "", None if what else left
        if not what:
            turns.over(waiter)
        elif not declared.rolled_out:
            wait = "the rollout is complete"
        elif declared.migrating:
            wait = "no migration runs"
        started = schedule.begins(now, request, logins)
        if what == "owner" and logins.runtime:
            started = logins.runtime.rotated

        async def still_used() -> StillUsed | None:
            return await self._still_used(declared, spec, logins)

        def take_turn() -> float:
            return turns.take(waiter, time.monotonic())

        return Rotation(what, wait, started, request, still_used, take_turn), after

    async def _still_used(self, declared: ReconcileInput, spec: Database, logins: KnownLogins) -> StillUsed | None:
        """What may still use the earlier login: pods that started before the rotation, also while they terminate."""
        if not declared.rolled_out:
            return StillUsed("the rollout is complete")
        at = logins.runtime.rotated.at if logins.runtime else ""
        try:
            async for listed in self._clients.cluster.pods(declared.service.identity):
                if schedule.of_another_rotation((pod for pod in listed if not is_over(pod)), spec.name, at):
                    return StillUsed("the pods that started with it have ended", POD_SECONDS)
        except (NeedsPerson, NotYet) as error:
            return StillUsed(f"the pods can be listed: {error}", POD_SECONDS)
        return None

    async def delete(self, target: DeleteInput) -> tuple[Part, ...]:
        if of_rds(target.environment):
            return (_with_its_instance(target),)
        clients = self._clients
        server, owner = await self._admins.server(target.environment), clients.owner(target.owner, target.environment)
        scope = ServerScope(clients.servers, server, owner, clients.resync_cache)
        return (await delete_database(scope, without_snapshot(target.removal)),)

    async def _scope(self, declared: ReconcileInput) -> ServerScope:
        """The server of a declared database, with the Microservice as owner."""
        clients, owner = self._clients, self._clients.owner(declared.service.identity, declared.environment)
        rds = of_rds(declared.environment)
        if rds is None:
            return ServerScope(
                clients.servers, await self._admins.server(declared.environment), owner, clients.resync_cache
            )
        scope = clients.scope(declared.service.identity, declared.environment, "instances")
        instance = endpoint(scope, name_in_arn(declared.needs[INSTANCE, declared.name].id))
        if instance is None:
            message = f"RDS does not show an endpoint of the instance of database {declared.name} yet"
            raise NotYet(Reason.DATABASE_CREATING, message)
        server = Server(
            instance.host, instance.port, "verify-full", instance.admin, await self._admins.certificates(rds)
        )
        return ServerScope(clients.servers, server, owner, clients.resync_cache, dedicated=True)


class Admins:
    """Admin logins of shared servers, read from their Secrets and remembered until the resync."""

    def __init__(self, clients: ExternalClients) -> None:
        """Read no Secret yet."""
        self._clients = clients
        self._known: dict[tuple[str, str], tuple[float, dict[str, str]]] = {}

    async def server(self, environment: Environment | None) -> Server:
        """The shared server of an Environment.

        Raises NeedsPerson where there is none.
        """
        databases = environment.spec.databases if environment else None
        if environment is None or databases is None:
            raise NeedsPerson(
                Reason.ENVIRONMENT_MISSING,
                "databases need an Environment with spec.databases; create one, or mark one as default",
            )
        if databases.shared is None:
            raise NeedsPerson(
                Reason.ENVIRONMENT_MISSING,
                f"Environment {environment.name} names no server; add spec.databases.shared",
            )
        admin = await self._secret(
            databases.shared.admin_secret_ref,
            ("username", "password"),
            "the admin login of the shared PostgreSQL server",
        )
        return Server(
            host=databases.shared.host,
            port=databases.shared.port,
            ssl_mode=databases.shared.ssl_mode,
            admin=Login(admin["username"], admin["password"]),
            certificates=admin.get(_CERTIFICATES, ""),
        )

    async def certificates(self, rds: RDS) -> str:
        """The CA certificates of RDS instances.

        Raises NeedsPerson when their Secret is missing or incomplete.
        """
        secret = await self._secret(rds.ca_secret_ref, (_CERTIFICATES,), "the certificates of RDS")
        return secret[_CERTIFICATES]

    def forget(self) -> None:
        """Read the Secrets again: a login did not work."""
        self._known.clear()

    async def _secret(self, ref: SecretRef, keys: tuple[str, ...], what: str) -> dict[str, str]:
        location = (ref.namespace, ref.name)
        until, data = self._known.get(location, (0.0, {}))
        if until > time.monotonic():
            return data
        where = f"Secret {ref.namespace}/{ref.name}, {what},"
        try:
            secret = await self._clients.cluster.connection.send("GET", SECRET.path(*location))
        except ApiError as error:
            if error.code != NOT_FOUND:
                raise error.expected() from error
            raise NeedsPerson(Reason.DATABASE_UNREACHABLE, f"{where} does not exist; create it") from error
        data = secret_data.texts(secret)
        missing = [key for key in keys if not data.get(key)]
        if missing:
            lacks = " and ".join(missing)
            raise NeedsPerson(Reason.DATABASE_UNREACHABLE, f"{where} has no text under {lacks}; add it")
        long = [key for key in keys if key != _CERTIFICATES and len(data[key].encode()) > _LOGIN_BYTES]
        if long:
            listed = " and ".join(long)
            message = f"{where} has more than {_LOGIN_BYTES} bytes under {listed}; shorten it"
            raise NeedsPerson(Reason.DATABASE_UNREACHABLE, message)
        self._known[location] = (time.monotonic() + self._clients.resync, data)
        return data


def _with_its_instance(target: DeleteInput) -> Part:
    """The database is retained or deleted with its instance, which comes next."""
    removal = target.removal
    kept = removal.adopts and not deletion(target, DATABASES, removal.adopts).allowed
    if removal.policy == "Retain" or kept:
        message = f"database {removal.name} is retained with its instance"
        return Part("PostgreSQL", DATABASE, removal.name, State.RETAINED, Reason.DATABASE_RETAINED, message)
    message = f"database {removal.name} is deleted with its instance"
    return Part("PostgreSQL", DATABASE, removal.name, State.READY, Reason.DATABASE_DELETED, message)


async def _logins(clients: ExternalClients, service: Microservice, database: Database) -> KnownLogins:
    """The logins of a database: as its two Secrets hold them, else as they were when it was last ready.

    What somebody edited in a Secret never becomes a password. One is known nowhere if it was never made, or if its
    Secret was deleted or edited and the operator has restarted since.
    Raises NeedsPerson when a Secret of that name has another owner, NotYet while it belongs to a deleted namesake.
    """
    remembered = clients.logins.get((service.identity.uid, database.name))
    runtime, owner = service.database_secrets(database)
    secret = await clients.cluster.secret(service.identity, runtime)
    return KnownLogins(
        runtime=_login(secret) or (remembered.runtime if remembered else None),
        owner=_login(await clients.cluster.secret(service.identity, owner))
        or (remembered.owner if remembered else None),
        since=text(secret["metadata"], "creationTimestamp") if secret else "",
    )


def _login(secret: Mapping[str, Any] | None) -> Login | None:
    """The login in a Secret, `None` unless the Secret is there, ours, and as the operator wrote it.

    The hash of its content is no secret, so whoever may write the Secret can write the hash, too.
    """
    if secret is None:
        return None
    data, annotations = secret_data.texts(secret), secret["metadata"].get("annotations") or {}
    if annotations.get(names.ANNOTATION_DATA_HASH) != data_hash(secret.get("data") or {}):
        return None
    password = data.get("password", "")
    login = Login(data.get("username", ""), password, schedule.recorded(annotations))
    return login if is_generated(password) else None
