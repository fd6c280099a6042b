"""A database of provider `rds`: the instance, then its roles and rights on a real PostgreSQL."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import psycopg
import pytest

from microservice_operator import names
from microservice_operator.api.environment import EnvironmentSpec
from microservice_operator.api.microservice import MicroserviceSpec
from microservice_operator.api.parsing import Environment, Microservice
from microservice_operator.database_connection import Connection, Login
from microservice_operator.external.clients import ExternalClients
from microservice_operator.external.reconcile import ExternalReconciler, ExternalState
from microservice_operator.external.resource import PreviousStatus
from microservice_operator.facts import Part, Reason, State
from microservice_operator.postgres.sessions import Servers
from microservice_operator.resync_cache import ResyncCache
from tests.aws.conftest import ACCOUNT, REGION
from tests.aws.rds_world import SIZES, RDSWorld
from tests.fakes.aws.rds_servers import RealServers
from tests.postgres.server import certificates
from tests.whole.world import Objects

CA = "/api/v1/namespaces/platform/secrets/rds-ca"
KINDS = {"DatabaseInstance", "SubnetGroup", "ParameterGroup", "SecurityGroup", "Database"}


class MicroserviceLookup:
    """There are none."""

    microservices: Mapping[tuple[str, str], Mapping[str, Any]] = {}

    def dependency(self, key: tuple[str, str]) -> None:  # noqa: ARG002 the port's
        return None


@dataclass
class Walk:
    """Reconciles one Microservice with real servers."""

    rds: RDSWorld
    real: RealServers
    secrets: Objects
    outside: ExternalReconciler
    known: dict[tuple[str, str], str] = field(default_factory=dict)
    recreate: str = ""
    annotations: dict[str, str] = field(default_factory=dict)

    @property
    def environment(self) -> Environment:
        network = self.rds.network
        aws = {"vpcID": network.vpc, "subnetIDs": ["subnet-1", "subnet-2"], "podSecurityGroupID": network.pods}
        spec = {
            "aws": {"region": REGION, "accountID": ACCOUNT, **aws},
            "databases": {
                "provider": "rds",
                "rds": {"sizes": SIZES, "caSecretRef": {"namespace": "platform", "name": "rds-ca"}},
            },
        }
        return Environment("prod", EnvironmentSpec.model_validate(spec))

    async def one_pass(self, **database: Any) -> ExternalState:
        identity = self.rds.scope.owner.identity
        spec = MicroserviceSpec.model_validate({"image": "order:1", "databases": [{"name": "orders", **database}]})
        service = Microservice(identity, 1, spec, annotations=self.annotations)
        provided = await self.outside.reconcile(
            service, self.environment, PreviousStatus(self.known, self.recreate), MicroserviceLookup()
        )
        self.known = {(part.kind, part.name): part.id for part in provided.parts}
        if connection := provided.connections.get("orders"):
            self.secrets.write(identity, "orders", connection)
        return provided

    async def ready(self, **database: Any) -> Connection:
        for _ in range(200):
            provided = await self.one_pass(**database)
            if all(part.state is State.READY for part in provided.parts):
                assert {part.kind for part in provided.parts} == KINDS
                return provided.connections["orders"]
            self.rds.strict.advance(2)
        raise AssertionError(provided.parts)

    async def gone(self, policy: str) -> tuple[Part, ...]:
        spec = {"databases": [{"name": "orders", "deletionPolicy": policy}]}
        leaving = self.outside.everything(spec, self.environment, self.known)
        for _ in range(200):
            parts = await self.outside.delete(
                self.rds.scope.owner.identity, self.environment, leaving, MicroserviceLookup()
            )
            if all(part.is_over for part in parts):
                return parts
            self.rds.strict.advance(2)
        raise AssertionError(parts)

    def says(self, connection: Connection, login: Login, statement: str) -> list[Any]:
        """As the service would, with what its Secret holds."""
        bundle = self.real.folder / "given.crt"
        bundle.write_text(connection.certificates)
        with psycopg.connect(
            host=connection.host,
            port=connection.port,
            dbname=connection.database,
            user=login.username,
            password=login.password,
            sslmode=connection.ssl_mode,
            sslrootcert=str(bundle),
        ) as session:
            cursor = session.execute(statement.encode())
            return cursor.fetchall() if cursor.description else []


@pytest.fixture(scope="session")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return certificates(tmp_path_factory.mktemp("rds"))


@pytest.fixture
def walk(rds: RDSWorld, folder: Path) -> Iterator[Walk]:
    real = RealServers(folder)
    rds.strict.servers = real
    secrets, servers = Objects({CA: {"ca.crt": real.bundle}}), Servers()
    cluster: Any = secrets
    outside = ExternalReconciler(ExternalClients(cluster, "cluster", rds.scope.clients, servers, ResyncCache(0), 0))
    yield Walk(rds, real, secrets, outside)
    servers.close()
    real.stop()


async def test_from_nothing_to_a_service_that_can_use_its_database_and_no_more(walk: Walk) -> None:
    connection = await walk.ready(extensions=["pg_trgm"])
    assert (connection.host, connection.ssl_mode) == ("localhost", "verify-full")
    walk.says(connection, connection.owner, "CREATE TABLE orders (id int)")
    walk.says(connection, connection.runtime, "INSERT INTO orders VALUES (1)")
    assert walk.says(connection, connection.runtime, "SELECT id FROM orders") == [(1,)]
    with pytest.raises(psycopg.errors.InsufficientPrivilege):
        walk.says(connection, connection.runtime, "CREATE TABLE mine (id int)")
    with pytest.raises(psycopg.errors.InsufficientPrivilege):
        walk.says(connection, connection.runtime, "DROP TABLE orders")
    [admin] = walk.rds.strict.secrets.values()
    said = [repr(await walk.one_pass(extensions=["pg_trgm"])), repr(walk.known)]
    assert not [text for text in said if admin["password"] in text or connection.runtime.password in text]


async def test_an_unchanged_world_is_not_written_to(walk: Walk) -> None:
    await walk.ready()
    [(server, _)] = walk.real.opened.values()
    before = walk.rds.proxy.writes(), server.statements()
    await walk.ready()
    assert (walk.rds.proxy.writes(), server.statements()) == before


async def test_an_admin_password_that_rds_renews_is_read_anew(walk: Walk) -> None:
    await walk.ready()
    [admin] = walk.rds.strict.secrets.values()
    [(server, _)] = walk.real.opened.values()
    server.run(f"ALTER ROLE {admin['username']} PASSWORD 'renewed'")
    admin["password"] = "renewed"
    await walk.ready(extensions=["pg_trgm"])


async def test_a_server_with_another_certificate_is_not_talked_to(walk: Walk, tmp_path: Path) -> None:
    walk.secrets.held[CA]["ca.crt"] = (certificates(tmp_path) / "ca.crt").read_text()
    for _ in range(40):
        provided = await walk.one_pass()
        walk.rds.strict.advance(2)
    [database] = provided.of("Database")
    assert (database.reason, provided.connections) == (Reason.DATABASE_UNREACHABLE, {})
    assert "certificate verify failed" in database.message


async def test_without_certificates_a_person_is_asked_for_them(walk: Walk) -> None:
    walk.secrets.held.clear()
    for _ in range(20):
        provided = await walk.one_pass()
        walk.rds.strict.advance(2)
    [database] = provided.of("Database")
    assert database.state is State.STALLED
    assert "Secret platform/rds-ca, the certificates of RDS, does not exist; create it" in database.message


async def test_a_size_that_the_environment_does_not_have(walk: Walk) -> None:
    [part] = (await walk.one_pass(size="huge")).of("DatabaseInstance")
    assert (part.state, part.reason) == (State.STALLED, Reason.REJECTED)
    assert part.message.endswith("use one of: medium, small")
    assert walk.rds.proxy.writes() == []


async def test_deleted_with_a_last_snapshot(walk: Walk) -> None:
    await walk.ready()
    parts = await walk.gone("Snapshot")
    assert {part.state for part in parts} == {State.READY}
    [snapshot] = walk.rds.strict.snapshots
    assert snapshot.startswith(f"{walk.rds.name}-final-")
    assert walk.rds.strict.instances == {}


async def test_retained_and_taken_over_by_one_of_the_same_name(walk: Walk) -> None:
    connection = await walk.ready()
    walk.says(connection, connection.owner, "CREATE TABLE orders (id int)")
    assert {part.state for part in await walk.gone("Retain")} == {State.RETAINED}
    rds = walk.rds
    later = replace(rds.scope.owner, identity=replace(rds.scope.owner.identity, uid="later"))
    walk.rds, walk.known = replace(rds, scope=replace(rds.scope, owner=later)), {}
    walk.secrets.held = {CA: walk.secrets.held[CA]}
    connection = await walk.ready()
    assert walk.says(connection, connection.runtime, "SELECT count(*) FROM orders") == [(0,)]
    assert [call.action for call in walk.rds.proxy.calls].count("CreateDBInstance") == 1


async def lost(walk: Walk) -> dict[str, str]:
    """A database with a row, whose instance a person deletes; return the source that restores last night."""
    connection = await walk.ready()
    walk.says(connection, connection.owner, "CREATE TABLE orders (id int)")
    walk.says(connection, connection.runtime, "INSERT INTO orders VALUES (7)")
    snapshot = walk.rds.strict.back_up(walk.rds.name)
    walk.says(connection, connection.runtime, "INSERT INTO orders VALUES (8)")
    walk.rds.strict.lose(walk.rds.name)
    return {"snapshotIdentifier": snapshot}


async def test_a_lost_database_comes_back_with_its_rows(walk: Walk) -> None:
    """The roles inside have the passwords of last night; the Secrets have others by now."""
    source = await lost(walk)
    walk.secrets.held = {CA: walk.secrets.held[CA]}
    walk.outside.clients.logins.clear()
    for _ in range(3):
        [instance] = (await walk.one_pass(restoreFrom=source)).of("DatabaseInstance")
    assert (instance.state, instance.reason) == (State.STALLED, Reason.DATABASE_LOST)
    assert walk.rds.strict.instances == {}

    walk.recreate = "orders"
    connection = await walk.ready(restoreFrom=source)
    walk.recreate = ""
    assert walk.says(connection, connection.runtime, "SELECT id FROM orders") == [(7,)]
    walk.says(connection, connection.runtime, "INSERT INTO orders VALUES (9)")
    with pytest.raises(psycopg.errors.InsufficientPrivilege):
        walk.says(connection, connection.runtime, "DROP TABLE orders")

    [(server, _)] = walk.real.opened.values()
    for _ in range(20):  # the disk is optimized, the first backup is taken
        await walk.one_pass(restoreFrom=source)
        walk.rds.strict.advance(30)
    before = walk.rds.proxy.writes(), server.statements()
    await walk.ready(restoreFrom=source)
    walk.outside = ExternalReconciler(replace(walk.outside.clients, resync_cache=ResyncCache(0), logins={}))
    await walk.ready(restoreFrom=source)
    await walk.ready()
    assert (walk.rds.proxy.writes(), server.statements()) == before
    assert {part.state for part in await walk.gone("Delete")} == {State.READY}
    assert walk.rds.strict.instances == {}


async def test_a_lost_database_comes_back_from_its_automated_backups(walk: Walk) -> None:
    await lost(walk)
    walk.recreate = "orders"
    point = {"pointInTime": {"sourceInstance": walk.rds.name, "latest": True}}
    connection = await walk.ready(restoreFrom=point)
    assert walk.says(connection, connection.runtime, "SELECT id FROM orders ORDER BY id") == [(7,), (8,)]


async def test_a_database_of_another_name_is_renamed_by_a_person_and_not_left_empty(walk: Walk) -> None:
    """The database on the instance has the name of the one that the data is of."""
    connection = await walk.ready()
    walk.says(connection, connection.owner, "CREATE TABLE orders (id int)")
    [(server, _)] = walk.real.opened.values()
    for suffix in ("_owner", "_app"):
        server.run(f"ALTER ROLE {connection.database}{suffix} RENAME TO before{suffix}")
    server.run(f"ALTER DATABASE {connection.database} RENAME TO before")
    walk.recreate, source = "orders", {"snapshotIdentifier": walk.rds.strict.back_up(walk.rds.name)}
    walk.rds.strict.lose(walk.rds.name)
    for _ in range(120):
        provided = await walk.one_pass(restoreFrom=source)
        walk.rds.strict.advance(2)
    [database] = provided.of("Database")
    assert (database.state, database.reason) == (State.STALLED, Reason.RESTORE_REFUSED)
    assert f"rename the restored database to {connection.database} and its roles" in database.message
    [(server, _)] = walk.real.opened.values()
    assert server.run(f"SELECT 1 FROM pg_database WHERE datname = '{connection.database}'") == []
    server.run(f"ALTER DATABASE before RENAME TO {connection.database}")
    for suffix in ("_owner", "_app"):
        server.run(f"ALTER ROLE before{suffix} RENAME TO {connection.database}{suffix}")
    connection = await walk.ready(restoreFrom=source)
    assert walk.says(connection, connection.runtime, "SELECT count(*) FROM orders") == [(0,)]


async def test_passwords_rotate_on_an_instance(walk: Walk) -> None:
    """With the rights of RDS's admin, and with the login that the service's Secret names."""
    before = await walk.ready()
    walk.annotations = {names.ANNOTATION_ROTATE: "one"}
    provided = await walk.one_pass()
    now = provided.connections["orders"]
    assert (now.runtime.username, now.retiring) == (f"{before.runtime.username}2", before.runtime.username)
    for login in (before.runtime, now.runtime, now.owner):
        assert walk.says(now, login, "SELECT 1") == [(1,)]
    now = await walk.ready()
    assert now == (await walk.ready()), "a rotation is carried out once"
    assert now.retiring == ""
    assert walk.says(now, now.runtime, "SELECT current_user::text") == [(before.runtime.username,)]
    for login in (before.runtime, before.owner):
        with pytest.raises(psycopg.OperationalError):
            walk.says(now, login, "SELECT 1")
