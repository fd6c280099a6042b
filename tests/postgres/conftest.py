"""One PostgreSQL for all tests of this folder; each test has a Microservice, and so a database, of its own."""

import subprocess
from collections.abc import Iterator
from itertools import count
from pathlib import Path

import pytest

from microservice_operator.api.objects import Identity
from microservice_operator.api.stores import Database
from microservice_operator.connections import Connection
from microservice_operator.facts import Part, State
from microservice_operator.ownership import Owner
from microservice_operator.postgres import Logins, Place, Servers, WantedDatabase, reconcile_database
from tests.postgres.server import PostgresServer, TlsFront

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
def certificates(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A CA, and a certificate of it for `localhost`."""
    folder = tmp_path_factory.mktemp("certificates")
    for name, arguments in (
        ("ca", ["-x509", "-subj", "/CN=test CA", "-days", "2"]),
        ("server", ["-x509", "-CA", "ca.crt", "-CAkey", "ca.key", "-subj", "/CN=localhost", "-days", "2"]),
    ):
        san = ["-addext", "subjectAltName=DNS:localhost"] if name == "server" else []
        command = ["openssl", "req", "-newkey", "rsa:2048", "-nodes", "-keyout", f"{name}.key", "-out", f"{name}.crt"]
        subprocess.run([*command, *arguments, *san], cwd=folder, check=True, capture_output=True)
    return folder


@pytest.fixture
def tls(postgres: PostgresServer, certificates: Path) -> Iterator[TlsFront]:
    front = TlsFront(certificates / "server.crt", certificates / "server.key", postgres.port)
    yield front
    front.stop()


def wanted(connection: Connection | None = None, known_id: str = "", **spec: object) -> WantedDatabase:
    logins = Logins(connection.runtime, connection.owner) if connection else None
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
