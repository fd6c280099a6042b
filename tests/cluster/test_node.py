"""The whole node: probes, Services from the host, logs, exec, names and images; it leaves nothing behind."""

import os
import subprocess
import time
import urllib.request
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.tools.cluster import Cluster, ClusterError, down, images, up
from tests.tools.cluster.cluster import known
from tests.tools.cluster.state import cluster_folder

from .conftest import Kubectl

pytestmark = pytest.mark.node
POD = (Path(__file__).parent / "test-pod.yaml").read_text()


@pytest.fixture(scope="module")
def loaded(node: Cluster) -> Cluster:
    """The node with the emulator's image: a server with an HTTP probe and a Python inside."""
    node.load_images([images(["aws"])["aws"].archive])
    return node


@pytest.fixture
def running(loaded: Cluster, kubectl: Kubectl) -> Cluster:
    """The node with a pod that passed its probe, under the strictest Pod Security."""
    kubectl(loaded.kubeconfig, "apply", "-f", "-", stdin=POD)
    said = kubectl(loaded.kubeconfig, "-n", "proof", "wait", "--for=condition=Ready", "pod/proof", "--timeout=90s")
    assert "condition met" in said, kubectl(loaded.kubeconfig, "-n", "proof", "describe", "pod/proof")
    return loaded


def test_the_host_reaches_a_service_and_a_pod_by_address(running: Cluster, kubectl: Kubectl) -> None:
    in_proof = (running.kubeconfig, "-n", "proof", "get", "-o")
    service = kubectl(*in_proof, "jsonpath={.spec.clusterIP}", "service/door")
    pod = kubectl(*in_proof, "jsonpath={.status.podIP}", "pod/proof")
    for address in (service, f"{pod}:5000"):
        with urllib.request.urlopen(f"http://{address}/moto-api/", timeout=10) as answer:
            assert answer.status == 200


def test_logs_and_exec_work(running: Cluster, kubectl: Kubectl) -> None:
    assert "GET /moto-api/" in kubectl(running.kubeconfig, "-n", "proof", "logs", "proof")
    assert kubectl(running.kubeconfig, "-n", "proof", "exec", "proof", "--", "echo", "heard") == "heard\n"


@pytest.mark.parametrize(
    ("name", "program"),
    [
        ("a Service of the cluster", "print(socket.gethostbyname('door') == socket.gethostbyname('door.proof.svc'))"),
        ("an outside zone that a test answers", "print(socket.gethostbyname('a.b.example.com') == '10.9.8.7')"),
    ],
)
def test_a_pod_resolves(running: Cluster, kubectl: Kubectl, name: str, program: str) -> None:
    running.answer("example.com", "10.9.8.7")
    script = f"""
import socket, time
for _ in range(100):
    try:
        {program}
        break
    except OSError:
        time.sleep(0.2)
"""
    said = kubectl(running.kubeconfig, "-n", "proof", "exec", "proof", "--", "python3", "-c", script)
    assert said == "True\n", name


def test_network_policies_are_enforced(running: Cluster, kubectl: Kubectl) -> None:
    address = kubectl(running.kubeconfig, "-n", "proof", "get", "-o", "jsonpath={.status.podIP}", "pod/proof")
    policy = "apiVersion: networking.k8s.io/v1\nkind: NetworkPolicy\nmetadata: {name: closed, namespace: proof}\n"
    kubectl(running.kubeconfig, "apply", "-f", "-", stdin=f"{policy}spec: {{podSelector: {{}}}}\n")
    try:
        assert _within(10, lambda: not _answers(f"http://{address}:5000/moto-api/"))
    finally:
        kubectl(running.kubeconfig, "-n", "proof", "delete", "networkpolicy", "closed")
    assert _within(10, lambda: _answers(f"http://{address}:5000/moto-api/"))


def test_images_are_known_by_the_tag_dev(loaded: Cluster) -> None:
    loaded.load_images([images(["aws"])["aws"].archive])  # is there already
    with pytest.raises(ClusterError, match="is not an image archive"):
        loaded.load_images([Path(__file__)])


def test_down_leaves_nothing() -> None:
    name = f"pytest-end-{os.getpid()}"
    up(name)
    state = known(name)
    # The kernel gives a namespace's number out again at once; a link that is gone shows that its network is gone.
    # Its routes lead through the link; the networks themselves may be another cluster's by then.
    traces = [state.addresses.host_link, str(state.folder)]
    assert [trace for trace in traces if trace not in _machine()] == []
    assert down(name)
    assert not any(member.alive() for member in state.processes)
    assert not cluster_folder(name).exists()
    assert not list(Path("/sys/fs/cgroup").rglob(f"microservice-operator-{name}"))
    assert [trace for trace in traces if trace in _machine()] == []


def _answers(url: str) -> bool:
    try:
        with urllib.request.urlopen(url, timeout=2) as answer:
            return bool(answer.status == 200)
    except OSError:
        return False


def _within(seconds: float, condition: Callable[[], bool]) -> bool:
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.2)
    return True


def _machine() -> str:
    """The machine's links, routes, mounts and processes."""
    shown = [
        subprocess.run(command.split(), capture_output=True, text=True, check=True).stdout
        for command in ("ip -brief link", "ip route", "ps -ewwo args")
    ]
    return "\n".join([*shown, Path("/proc/self/mounts").read_text()])
