"""A whole node without Docker: control plane, kubelet and runtime in namespaces of this machine.

`start_node` defines the order: the runtime first, because it is slow and needs nothing; the Node object before the
kubelet, which otherwise does not find it and retries slowly.
"""

from pathlib import Path

from . import control_plane
from .api_server import ApiServer, wait_until
from .binaries import Progress, program
from .errors import ClusterError
from .kwok import start_fake_nodes
from .light import ended, server_of, start_control_plane, wait_for
from .namespaces import clear_namespaces, create_namespaces, environment, inside
from .node_config import write_config
from .node_images import takes
from .node_objects import register
from .packages import NODE, install
from .pause_image import write_pause_image
from .state import State


def start_node(state: State, progress: Progress) -> State:
    """Start a whole node and wait until pods can run on it."""
    _refuse_hidden_folders(state)
    install(NODE, progress)
    progress("creating the node's namespaces")
    control_plane.write_credentials(state)
    write_config(state)
    state = create_namespaces(state)
    state = _inside(state, "containerd", [program("containerd"), f"--config={state.folder / 'containerd.toml'}"])
    state = start_control_plane(state, inside(state), progress)
    register(server_of(state))
    state = _inside(state, "kube-scheduler", control_plane.scheduler(state))
    state = _inside(state, "coredns", [program("coredns"), "-conf", str(state.folder / "Corefile")])
    state = _inside(state, "kube-proxy", _kube_proxy(state))
    progress("starting the kubelet")
    archive = write_pause_image(state.folder / "pause.tar")
    wait_until(lambda: takes(state, archive), "the runtime does not take images", 60, lambda: ended(state))
    state = _inside(state, "kubelet", _kubelet(state))
    if state.kwok_nodes:
        state = start_fake_nodes(state, inside(state), progress)
    progress("waiting for the node to be ready")
    wait_until(lambda: _ready(server_of(state)), "the node does not become ready", 120, lambda: ended(state))
    state = _inside(state, "kube-router", _policies(state))  # it asks the Node for its address, and ends without one
    wait_for(state, "/api/v1/namespaces/default/serviceaccounts/default", "the controllers do not work")
    return state


def clear_node(state: State) -> None:
    """Remove what the node's processes leave behind when they are gone."""
    clear_namespaces(state)


def _refuse_hidden_folders(state: State) -> None:
    """The node sees other folders in these places, and would not find its own files."""
    for folder, variable in ((state.folder, "STATE"), (program("kubelet"), "CACHE")):
        for hidden in ("/run", "/var/lib", "/var/log", "/sys", "/proc"):
            if folder.is_relative_to(hidden):
                raise ClusterError(
                    f"{folder} cannot be used: a node has a {hidden} of its own; "
                    f"set MICROSERVICE_OPERATOR_{variable} to a folder elsewhere"
                )


def _inside(state: State, role: str, command: list[str | Path]) -> State:
    return state.started(role, [*inside(state), *command], environment())


def _ready(server: ApiServer) -> bool:
    node = server.read("/api/v1/nodes/node") or {}
    conditions = node.get("status", {}).get("conditions", [])
    return any(condition["type"] == "Ready" and condition["status"] == "True" for condition in conditions)


def _kube_proxy(state: State) -> list[str | Path]:
    return [
        program("kube-proxy"),
        f"--kubeconfig={control_plane.kubeconfig_file(state, 'kube-proxy')}",
        "--proxy-mode=nftables",
        f"--cluster-cidr={state.addresses.pods}",
        "--hostname-override=node",
        # These are settings of the whole machine, and 0 leaves them alone.
        "--conntrack-max-per-core=0",
        "--conntrack-tcp-timeout-established=0",
        "--conntrack-tcp-timeout-close-wait=0",
    ]


def _policies(state: State) -> list[str | Path]:
    """kube-router as nothing but the enforcer of NetworkPolicies."""
    return [
        program("kube-router"),
        f"--kubeconfig={control_plane.kubeconfig_file(state, 'kube-router')}",
        "--run-firewall=true",
        "--run-router=false",
        "--run-service-proxy=false",
        f"--service-cluster-ip-range={state.addresses.services}",
        "--hostname-override=node",
        "--health-port=0",
    ]


def _kubelet(state: State) -> list[str | Path]:
    return [
        program("kubelet"),
        f"--config={state.folder / 'kubelet.yaml'}",
        f"--kubeconfig={control_plane.kubeconfig_file(state, 'kubelet')}",
        f"--node-ip={state.addresses.node}",
        "--hostname-override=node",
    ]
