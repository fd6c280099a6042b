"""What a Microservice holds outside the cluster: tables in AWS, databases on a server. Gathered for `reconcile`.

Here the declared parts, and those that `status.resources` remembers and the spec no longer declares, become calls of
`cloud` and `postgres`; all of one Microservice run side by side.
"""

import asyncio
import base64
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from . import cloud, names, postgres
from .api.environment import SharedServer
from .api.objects import Environment, Identity, Microservice
from .api.stores import Database
from .cluster.connection import NOT_FOUND, ApiError
from .cluster.kinds import SECRET
from .cluster.writes import Cluster
from .connections import Connection, Login
from .errors import NeedsPerson, OperatorError
from .facts import Part, Reason, State
from .ownership import Owner
from .settled import Settled

Known = Mapping[tuple[str, str], str]  # (kind, declared name) → id that status remembers

TABLE, DATABASE = "Table", "Database"
LAYERS = {TABLE: "AWS", DATABASE: "PostgreSQL"}


def known_parts(status: Mapping[str, Any]) -> dict[tuple[str, str], str]:
    """What `status.resources` remembers outside the cluster."""
    listed = status.get("resources") or []
    return {(item["kind"], item["name"]): item.get("id", "") for item in listed if item.get("layer") != "Kubernetes"}


@dataclass(frozen=True)
class Before:
    """What status says of earlier passes; `recreate` names the lost part that a person allows to be made anew, once."""

    known: Known
    recreate: str = ""


@dataclass
class Outside:
    """The doors to AWS and PostgreSQL of one operator process; `cluster_id` is the UID of `kube-system`."""

    cluster: Cluster
    cluster_id: str
    clients: cloud.Clients
    servers: postgres.Servers
    settled: Settled
    resync: float
    _admins: dict[tuple[str, str], tuple[float, dict[str, str]]] = field(default_factory=dict)

    async def tables(self, service: Microservice, environment: Environment | None, before: Before) -> tuple[Part, ...]:
        """One pass over each declared table."""
        declared = service.spec.tables or []
        if not declared:
            return ()
        try:
            place = self._aws(service.identity, environment)
        except NeedsPerson as error:
            return tuple(_refused(TABLE, table.name, error) for table in declared)
        tags = {**(environment.spec.tags or {} if environment else {}), **(service.spec.tags or {})}
        wanted = [
            cloud.WantedTable(
                spec=table,
                tags=tags,
                known_id=before.known.get((TABLE, table.name), ""),
                recreate=before.recreate == table.name,
                field=f"spec.tables[{index}]",
            )
            for index, table in enumerate(declared)
        ]
        return tuple(await asyncio.gather(*(cloud.reconcile_table(place, table) for table in wanted)))

    async def databases(
        self, service: Microservice, environment: Environment | None, before: Before
    ) -> tuple[tuple[Part, ...], dict[str, Connection]]:
        """One pass over each declared database; the connections of those that can be used."""
        declared = service.spec.databases or []
        passes = [self._database(service, environment, (index, before)) for index, _ in enumerate(declared)]
        settled = await asyncio.gather(*passes)
        connections = {d.name: c for d, (_, c) in zip(declared, settled, strict=True) if c is not None}
        return tuple(part for part, _ in settled), connections

    async def leave(
        self, owner: Identity, environment: Environment | None, leaving: Mapping[tuple[str, str], tuple[str, str]]
    ) -> tuple[Part, ...]:
        """One pass over each part that is no longer wanted: (kind, name) → (deletion policy, known id)."""
        passes = [self._leave(owner, environment, (key, leaving[key])) for key in sorted(leaving)]
        return tuple(await asyncio.gather(*passes))

    async def _leave(
        self,
        owner: Identity,
        environment: Environment | None,
        leaving: tuple[tuple[str, str], tuple[str, str]],
    ) -> Part:
        (kind, name), (policy, known_id) = leaving
        keep: Any = "Delete" if policy == "Delete" else "Retain"
        try:
            if kind == TABLE:
                place = self._aws(owner, environment)
                passed = cloud.delete_table(place, cloud.LeavingTable(name, keep, known_id))
            else:
                server = await self._server(environment)
                there = postgres.Place(self.servers, server, self._owner(owner), self.settled)
                passed = postgres.delete_database(there, postgres.LeavingDatabase(name, keep, known_id))
        except OperatorError as error:
            if isinstance(error, NeedsPerson) and not known_id:
                # Without a way to where it would be, it never was made; its Microservice must not wait for ever.
                return Part(layer=LAYERS[kind], kind=kind, name=name, state=State.READY)  # type: ignore[arg-type]
            return _refused(kind, name, error, known_id)
        return await passed

    async def _database(
        self, service: Microservice, environment: Environment | None, at: tuple[int, Before]
    ) -> tuple[Part, Connection | None]:
        index, before = at
        declared = (service.spec.databases or [])[index]
        known_id = before.known.get((DATABASE, declared.name), "")
        try:
            server = await self._server(environment)
            logins = await self._logins(service, declared)
        except OperatorError as error:
            return _refused(DATABASE, declared.name, error, known_id), None
        place = postgres.Place(self.servers, server, self._owner(service.identity), self.settled)
        wanted = postgres.WantedDatabase(
            spec=declared,
            logins=logins,
            known_id=known_id,
            recreate=before.recreate == declared.name,
            field=f"spec.databases[{index}]",
        )
        part, connection = await postgres.reconcile_database(place, wanted)
        if part.reason is Reason.DATABASE_UNREACHABLE:
            self._admins.clear()
        return part, connection

    async def _logins(self, service: Microservice, database: Database) -> postgres.Logins | None:
        """The logins that the two Secrets hold; `None` unless both are there and ours.

        Raises NeedsPerson when a Secret of that name is somebody else's.
        """
        found = []
        for name in names.database_secrets(service.name, database.name, _secret_name(database)):
            secret = await self.cluster.secret(service.identity, name)
            if secret is None or "password" not in (secret.get("data") or {}):
                return None
            data = {key: base64.b64decode(value).decode() for key, value in secret["data"].items()}
            found.append(Login(data["username"], data["password"]))
        return postgres.Logins(runtime=found[0], owner=found[1])

    async def _server(self, environment: Environment | None) -> postgres.Server:
        databases = environment.spec.databases if environment else None
        if environment is None or databases is None:
            raise NeedsPerson(
                Reason.ENVIRONMENT_MISSING,
                "databases need an Environment with spec.databases; create one, or mark one as default",
            )
        if databases.shared is None:
            raise NeedsPerson(
                Reason.PROVIDER_NOT_SUPPORTED,
                f"Environment {environment.name} asks for databases from provider {databases.provider}, "
                "which this version does not offer; set spec.databases.provider to shared",
            )
        admin = await self._admin(databases.shared)
        return postgres.Server(
            host=databases.shared.host,
            port=databases.shared.port,
            ssl_mode=databases.shared.ssl_mode,
            admin=Login(admin["username"], admin["password"]),
            certificates=admin.get("ca.crt", ""),
        )

    async def _admin(self, shared: SharedServer) -> dict[str, str]:
        ref = shared.admin_secret_ref
        at = (ref.namespace, ref.name)
        until, data = self._admins.get(at, (0.0, {}))
        if until > time.monotonic():
            return data
        where = f"Secret {ref.namespace}/{ref.name}, the admin login of the shared PostgreSQL server,"
        try:
            secret = await self.cluster.connection.send("GET", SECRET.path(*at))
        except ApiError as error:
            if error.code != NOT_FOUND:
                raise error.expected() from error
            raise NeedsPerson(Reason.DATABASE_UNREACHABLE, f"{where} does not exist; create it") from error
        data = {key: base64.b64decode(value).decode() for key, value in (secret.get("data") or {}).items()}
        if not {"username", "password"} <= set(data):
            raise NeedsPerson(Reason.DATABASE_UNREACHABLE, f"{where} lacks username or password; add both keys")
        self._admins[at] = (time.monotonic() + self.resync, data)
        return data

    def _aws(self, owner: Identity, environment: Environment | None) -> cloud.Place:
        if environment is None or environment.spec.aws is None:
            raise NeedsPerson(
                Reason.ENVIRONMENT_MISSING,
                "tables need an Environment with spec.aws; create one, or mark one as default",
            )
        aws = environment.spec.aws
        return cloud.Place(self.clients, aws.region, aws.account_id, self._owner(owner), self.settled)

    def _owner(self, identity: Identity) -> Owner:
        return Owner(self.cluster_id, identity)


def _secret_name(database: Database) -> str | None:
    return database.connection.secret_name if database.connection else None


def _refused(kind: str, name: str, error: OperatorError, known_id: str = "") -> Part:
    """A part that no call was made for; what could not be looked at is not known to be lost."""
    waits = getattr(error, "after", None)
    return Part(
        layer=LAYERS[kind],  # type: ignore[arg-type]
        kind=kind,
        name=name,
        state=State.STALLED if waits is None else State.UNKNOWN,
        reason=Reason(getattr(error, "reason", Reason.INTERNAL_ERROR)),
        message=str(error),
        id=known_id,
        after=waits,
        failed=waits is not None,
    )
