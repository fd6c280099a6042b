"""A light cluster: etcd, API server and controller manager on the host's loopback; nothing runs pods.

It needs neither root nor Docker and is up in seconds. Called by `lifecycle.up`; `node.py` starts the same control plane
inside a node.
"""

import shutil
from collections.abc import Sequence
from pathlib import Path

from . import control_plane
from .api_server import ApiServer, wait_until
from .binaries import Progress
from .kwok import start_fake_nodes
from .processes import last_words
from .state import State


def start_light(state: State, progress: Progress) -> State:
    """Start the control plane on loopback, and fake nodes where they are wanted."""
    control_plane.write_credentials(state)
    state = start_control_plane(state, [], progress)
    if state.kwok_nodes:
        state = state.started("scheduler", control_plane.scheduler(state))
        state = start_fake_nodes(state, [], progress)
    return state


def start_control_plane(state: State, inside: Sequence[str | Path], progress: Progress) -> State:
    """Start etcd, API server and controller manager, behind the command `inside` that enters the node."""
    progress("starting the API server")
    shutil.rmtree(state.folder / "etcd", ignore_errors=True)
    state = state.started("etcd", [*inside, *control_plane.etcd(state)])
    state = state.started("kube-apiserver", [*inside, *control_plane.api_server(state)])
    wait_for(state, "/readyz", "the API server does not become ready")
    state = state.started("kube-controller-manager", [*inside, *control_plane.controller_manager(state)])
    wait_for(state, "/api/v1/namespaces/default/serviceaccounts/default", "the controllers do not work")
    return state


def server_of(state: State) -> ApiServer:
    """The cluster's API server, as its administrator."""
    return ApiServer(state.addresses.node, state.addresses.api_port, state.folder / "pki")


def wait_for(state: State, path: str, what: str, seconds: float = 90) -> None:
    """Wait until the API server answers at `path`, or one of the cluster's processes has ended."""
    server = server_of(state)
    wait_until(lambda: server.answers(path), what, seconds, lambda: ended(state))


def ended(state: State) -> str | None:
    """The first process that should run and does not, with its last words."""
    for member in state.processes:
        if not member.alive():
            log = state.log(member.role)
            return f"{member.role} ended; its log {log} ends with\n{last_words(log)}"
    return None
