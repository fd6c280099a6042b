"""The object that describes a running cluster to its callers."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from . import kind
from .certificates import read_pair
from .control_plane import audit_log, kubeconfig_file, user_kubeconfig
from .errors import ClusterError
from .load import load
from .node_config import write_zone
from .state import State, read_state


@dataclass(frozen=True)
class Cluster:
    """A running cluster: who may talk to it and where, and what it writes down."""

    name: str
    kubeconfig: Path
    """The administrator's (system:masters)."""
    audit_log: Path
    """One JSON line for each request to the API server."""
    node_address: str
    """Where the node is reached from this machine."""
    host_address: str
    """Where this machine is reached from the node; a NetworkPolicy sees a test's requests come from here."""
    light: bool
    """Only a control plane: pods are accepted, and run nowhere."""

    def user_kubeconfig(self, user: str, groups: Sequence[str] = ()) -> Path:
        """A kubeconfig for a user of the test's own, who may do what RBAC allows."""
        state = known(self.name)
        if state.kind == "kind":
            raise ClusterError("a kind cluster keeps its authority's key inside: use kubectl --as and --as-group there")
        return user_kubeconfig(state, read_pair(state.folder / "pki", "ca"), user, list(groups))

    def answer(self, zone: str, address: str) -> None:
        """Let every name in a DNS zone have one address, for pods: a test's own server plays an outside one."""
        state = known(self.name)
        if state.kind != "node":
            raise ClusterError(f"names can be answered in a node made here, and {self.name!r} is {state.kind}")
        write_zone(state, zone, address)

    def load_images(self, archives: Sequence[Path]) -> None:
        """Copy image archives (docker-archive files) to the node; existing images are skipped."""
        load(known(self.name), archives)


def cluster_of(state: State) -> Cluster:
    """What a caller may know of a cluster that is written down."""
    return Cluster(
        name=state.name,
        kubeconfig=kubeconfig_file(state, "admin"),
        audit_log=audit_log(state),
        node_address=kind.node_address(state) if state.kind == "kind" else state.addresses.node,
        host_address=state.addresses.host,
        light=state.kind == "light",
    )


def known(name: str) -> State:
    """The cluster of this name that runs now."""
    state = read_state(name)
    if state is None or not state.running():
        raise ClusterError(
            f"no cluster named {name!r} is running: start it with python -m tests.tools.cluster up --name {name}"
        )
    return state
