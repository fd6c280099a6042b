"""Starts and stops clusters: chooses the kind, restarts a changed one, and removes what a killed run left behind."""

import os
import shutil
from collections.abc import Callable
from dataclasses import replace

from . import kind
from .binaries import LIGHT, WHOLE, Progress, build
from .cluster import Cluster, cluster_of
from .errors import ClusterError
from .light import start_light
from .locks import locked
from .node import clear_node, start_node
from .paths import state_folder
from .processes import stop
from .state import State, claim, cluster_folder, read_state, write_state

START: dict[str, Callable[[State, Progress], State]] = {
    "light": start_light,
    "node": start_node,
    "kind": kind.start_kind,
}


def silent(_: str) -> None:
    """Discards progress messages."""


def up(name: str, *, light: bool = False, kwok_nodes: int = 0, progress: Progress = silent) -> Cluster:
    """Bring a cluster up, and return at once when it is up already. May be interrupted and called again."""
    wanted = _kind(light=light)
    with locked(state_folder() / "locks" / f"{cluster_folder(name).name}.lock"):
        state = read_state(name)
        if state is not None and state.running():
            if (state.kind, state.kwok_nodes) == (wanted, kwok_nodes):
                return cluster_of(state)
            raise ClusterError(
                f"cluster {name!r} is running as {state.kind} with {state.kwok_nodes} fake nodes, not as asked: "
                f"end it first (python -m tests.tools.cluster down --name {name}) or choose another name"
            )
        build(_parts(wanted, kwok_nodes), progress)
        if state is not None:
            progress(f"removing what is left of the last cluster {name!r}")
            _remove(state)
        state = claim(name, wanted, kwok_nodes)
        try:
            state = START[wanted](state, progress)
        except BaseException:
            _stop(read_state(name) or state)  # the logs stay, to be read
            raise
        return cluster_of(write_state(replace(state, complete=True)))


def down(name: str) -> bool:
    """End a cluster and remove everything of it; whether there was one."""
    with locked(state_folder() / "locks" / f"{cluster_folder(name).name}.lock"):
        state = read_state(name)
        if state is None:
            return False
        _remove(state)
        return True


def _kind(*, light: bool) -> str:
    if light:
        return "light"
    if kind.docker_answers():
        return "kind"
    if os.geteuid() == 0 and os.uname().sysname == "Linux":
        return "node"
    raise ClusterError(
        "a whole cluster needs a Docker engine that answers, or root on Linux, and here is neither: "
        "start Docker, or run this as root, or take the cluster without pods (--light)"
    )


def _parts(wanted: str, kwok_nodes: int) -> list[str]:
    fake = ["kwok"] if kwok_nodes else []
    return {"light": [*LIGHT, *(["scheduler", *fake] if fake else [])], "node": [*WHOLE, *fake], "kind": ["kind"]}[
        wanted
    ]


def _stop(state: State) -> None:
    if state.kind == "kind":
        kind.delete_kind(state)
    stop(reversed(state.processes), grace=0.5)  # the API server takes ten seconds to say goodbye; nothing is kept
    if state.kind == "node":
        clear_node(state)


def _remove(state: State) -> None:
    _stop(state)
    shutil.rmtree(state.folder)
