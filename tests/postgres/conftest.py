"""One PostgreSQL for all tests of this folder; each test has a Microservice, and so a database, of its own."""

from collections.abc import Iterator
from dataclasses import replace
from itertools import count
from pathlib import Path

import pytest

from microservice_operator.api.objects import Identity
from microservice_operator.api.stores import Database
from microservice_operator.connections import Connection, Login
from microservice_operator.facts import Part, State
from microservice_operator.ownership import Owner
from microservice_operator.postgres import KnownLogins, Place, Servers, WantedDatabase, reconcile_database
from tests.aws.rds_processes import ADMIN
from tests.postgres.releases import WHEEL, majors, packed
from tests.postgres.server import PostgresServer, TlsFront, certificates

_numbers = count()


@pytest.fixture(scope="session")
def postgres() -> Iterator[PostgresServer]:
    server = PostgresServer()
    yield server
    server.stop()


@pytest.fixture
def place(postgres: PostgresServer) -> Iterator[Place]:
    number = next(_numbers)
    servers = Servers()
    yield Place(servers, postgres.server, Owner("cluster", Identity("shop", f"order-{number}", f"uid-{number}")))
    servers.close()


@pytest.fixture(scope="session")
def certified(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return certificates(tmp_path_factory.mktemp("certificates"))


@pytest.fixture
def tls(postgres: PostgresServer, certified: Path) -> Iterator[TlsFront]:
    front = TlsFront(certified / "server.crt", certified / "server.key", postgres.port)
    yield front
    front.stop()


def wanted(connection: Connection | None = None, known_id: str = "", **spec: object) -> WantedDatabase:
    logins = KnownLogins(connection.runtime, connection.owner) if connection else KnownLogins()
    return WantedDatabase(Database.model_validate({"name": "orders", **spec}), logins, known_id)


async def made(place: Place, **spec: object) -> tuple[Part, Connection]:
    """As the walk does: the first pass gives what the Secret is to hold, the next one sets it."""
    part, fresh = await reconcile_database(place, wanted(**spec))  # type: ignore[arg-type]
    assert (part.state, part.after) == (State.PROGRESSING, 0.0), part
    assert fresh
    part, connection = await reconcile_database(place, wanted(fresh, **spec))  # type: ignore[arg-type]
    assert part.state is State.READY, part
    assert connection == fresh
    return part, fresh


@pytest.fixture(scope="session", params=majors())
def any_major(request: pytest.FixtureRequest) -> Iterator[PostgresServer]:
    """A server of each major version that this run tests."""
    major: int = request.param
    if major == WHEEL:
        yield request.getfixturevalue("postgres")
        return
    if not packed(major):
        pytest.skip(f"PostgreSQL {major} is not packed for this machine")
    server = PostgresServer(major=major)
    yield server
    server.stop()


def master(server: PostgresServer) -> Login:
    """An admin as RDS has it; before PostgreSQL 15 it owns the schema public of template1."""
    login = Login("master", "master-password")
    if not server.run("SELECT 1 FROM pg_roles WHERE rolname = 'master'"):
        for statement in ADMIN.format(name=login.username, password=login.password).strip().split(";\n"):
            server.run(statement)
        if server.major < 15:
            server.run("ALTER SCHEMA public OWNER TO master", "template1")
    return login


@pytest.fixture(params=["superuser", "master"])
def operator(any_major: PostgresServer, request: pytest.FixtureRequest) -> Iterator[Place]:
    servers, number = Servers(), next(_numbers)
    server = any_major.server
    if request.param == "master":
        server = replace(server, admin=master(any_major))
    yield Place(servers, server, Owner("cluster", Identity("tenants", f"tenant-{number}", f"uid-{number}")))
    servers.close()
