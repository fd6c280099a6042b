"""Fake nodes: pods that are scheduled on them "run" at once, without containers. For runs at scale."""

from collections.abc import Sequence
from pathlib import Path

from .api_server import ApiServer
from .binaries import Progress, program
from .control_plane import kubeconfig_file
from .paths import HERE
from .state import State

KIND = "kwok"  # the annotation and the taint by which fake nodes are told from real ones


def start_fake_nodes(state: State, inside: Sequence[str | Path], progress: Progress) -> State:
    """Start kwok and create the nodes that it plays."""
    progress(f"creating {state.kwok_nodes} fake nodes")
    addresses = state.addresses
    state = state.started(
        "kwok",
        [
            *inside,
            program("kwok"),
            f"--kubeconfig={kubeconfig_file(state, 'admin')}",
            f"--config={HERE / 'config' / 'kwok.yaml'}",
            f"--manage-nodes-with-annotation-selector=kwok.x-k8s.io/node={KIND}",
            f"--node-ip={addresses.node}",
            f"--server-address=127.0.0.1:{addresses.kwok_port}",
        ],
    )
    server = ApiServer(addresses.node, addresses.api_port, state.folder / "pki")
    for number in range(state.kwok_nodes):
        server.create("/api/v1/nodes", fake_node(number, tainted=state.kind != "light"))
    return state


def fake_node(number: int, *, tainted: bool) -> dict[str, object]:
    """One fake node; next to a real one it is tainted, so that only pods with a toleration run there."""
    name = f"fake-{number}"
    room = {"cpu": "1000", "memory": "4Ti", "pods": "1000"}
    taints = [{"key": "kwok.x-k8s.io/node", "value": KIND, "effect": "NoSchedule"}] if tainted else []
    return {
        "apiVersion": "v1",
        "kind": "Node",
        "metadata": {
            "name": name,
            "annotations": {"kwok.x-k8s.io/node": KIND},
            "labels": {"kubernetes.io/hostname": name, "kubernetes.io/os": "linux", "type": KIND},
        },
        "spec": {"taints": taints},
        "status": {"allocatable": room, "capacity": room, "phase": "Running"},
    }
