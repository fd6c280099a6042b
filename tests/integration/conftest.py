"""Fixtures: one stage for the session, one namespace for each test."""

import logging
import re
import secrets
from collections.abc import Iterator
from itertools import count
from pathlib import Path

import pytest

from tests.fakes.aws.emulator import empty, running
from tests.fakes.aws.proxy import Proxy
from tests.fakes.aws.whole import WholeAWS
from tests.postgres.server import PostgresServer, TlsFront
from tests.postgres.server import certificates as server_certificates
from tests.tools.cluster import Cluster
from tests.whole.server import OneServer

from . import install
from .api import Api
from .audit import Audit
from .namespace import Namespace
from .pods import Pods
from .process import OperatorProcess
from .stage import Stage

HERE = Path(__file__).parent
LAST = "test_rights"
SESSION = secrets.token_hex(2)  # a cluster that is kept still holds the namespaces of the last run
_numbers = count()


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark all tests as needing the API server; run the checks of the whole session last."""
    mine = [item for item in items if HERE in item.path.parents]
    for item in mine:
        item.add_marker(pytest.mark.api)
    others = [item for item in items if item not in mine]
    items[:] = others + sorted(mine, key=lambda item: item.path.stem == LAST)


@pytest.fixture(scope="session")
def certificates(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return server_certificates(tmp_path_factory.mktemp("integration"))


@pytest.fixture(scope="session")
def postgres(certificates: Path) -> Iterator[tuple[PostgresServer, int]]:
    """A PostgreSQL that logs every statement, and the port at which it speaks TLS."""
    server = PostgresServer()
    front = TlsFront(certificates / "server.crt", certificates / "server.key", server.port)
    yield server, front.port
    front.stop()
    server.stop()


@pytest.fixture(scope="session")
def aws(postgres: tuple[PostgresServer, int]) -> Iterator[tuple[Proxy, WholeAWS, str]]:
    """The strict layers before an emulator, and where they listen; a second is ten of RDS's."""
    logging.getLogger("werkzeug").setLevel(logging.WARNING)  # a line for each call would bury all others
    with running() as address:
        empty(address)
        whole = WholeAWS.before(address, OneServer(*postgres), pace=10)
        proxy = Proxy(address, whole)
        yield proxy, whole, proxy.start()
        proxy.stop()
        whole.close()


@pytest.fixture(scope="session")
def api(api_server: Cluster) -> Iterator[Api]:
    """The administrator."""
    connected = Api(api_server)
    yield connected
    connected.close()


@pytest.fixture(scope="session")
def stage(
    api_server: Cluster,
    api: Api,
    postgres: tuple[PostgresServer, int],
    aws: tuple[Proxy, WholeAWS, str],
    certificates: Path,
) -> Iterator[Stage]:
    """Everything up, the operator ready."""
    server, tls_port = postgres
    proxy, strict, address = aws
    install.sweep(api)
    install.grant(api)
    install.service_monitors(api)
    kubeconfig = install.operator_kubeconfig(api, api_server.kubeconfig, certificates / "operator.kubeconfig")
    operator = OperatorProcess(kubeconfig, address, certificates)
    pods = Pods(Api(api_server))
    audit = Audit(api_server.audit_log, install.OPERATOR_USER)
    made = Stage(api, audit, operator, pods, proxy, strict, server, tls_port, certificates)
    install.environment(api, tls_port, made.admin)
    pods.start()
    operator.start()
    yield made
    if operator.running:
        operator.kill()
    pods.stop()


@pytest.fixture
def namespace(stage: Stage, request: pytest.FixtureRequest) -> Iterator[Namespace]:
    """A namespace of the test's own, in Environment `test`."""
    words = re.sub(r"[^a-z0-9]+", "-", request.node.name.lower().removeprefix("test_"))[:40].strip("-")
    made = Namespace(stage.api, f"{words}-{SESSION}-{next(_numbers)}")
    install.namespace(stage.api, made.name, install.LABELS)
    yield made
    stage.passwords |= made.passwords()
    made.remove()
