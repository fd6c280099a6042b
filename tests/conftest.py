"""Fixtures that several kinds of tests share: a real API server with our CRDs, and clients to it.

`MICROSERVICE_OPERATOR_TEST_CLUSTER=name` keeps one cluster from run to run, for those who run the tests often.
"""

import logging
import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import yaml

if TYPE_CHECKING:
    from kubernetes.client import ApiClient

    from tests.tools.cluster import Cluster

REPOSITORY = Path(__file__).parent.parent
logging.getLogger("werkzeug").setLevel(logging.WARNING)  # the emulator's server: thousands of lines hide a failure


@pytest.fixture(scope="session")
def api_server() -> "Iterator[Cluster]":
    """A control plane without pods, with both CRDs of `crds/` established."""
    from tests.tools.cluster import down, up  # noqa: PLC0415 unit tests need none of it

    kept = os.environ.get("MICROSERVICE_OPERATOR_TEST_CLUSTER")
    name = kept or f"tests-{os.getpid()}"
    cluster = up(name, light=True)
    try:
        _establish_crds(cluster.kubeconfig)
        yield cluster
    finally:
        if not kept:
            down(name)


@pytest.fixture(scope="session")
def kubernetes_client(api_server: "Cluster") -> "Iterator[Callable[..., ApiClient]]":
    """Makes clients: the administrator's, or that of another kubeconfig; all are closed at the end."""
    from kubernetes.config import new_client_from_config  # noqa: PLC0415 a second to import

    clients: list[ApiClient] = []

    def client(kubeconfig: Path = api_server.kubeconfig) -> "ApiClient":
        clients.append(new_client_from_config(str(kubeconfig)))
        return clients[-1]

    yield client
    for each in clients:
        each.close()


def _establish_crds(kubeconfig: Path) -> None:
    from tests.api.server import Server  # noqa: PLC0415 as above

    with Server.connected(kubeconfig) as server:
        for file in sorted((REPOSITORY / "crds").glob("*s.yaml")):
            crd: dict[str, Any] = yaml.safe_load(file.read_text(encoding="utf-8"))
            server.establish(crd)
