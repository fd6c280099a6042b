"""The recorded state of each cluster on this machine.

`clusters/<name>/state.json` names every process with its start time. So a later command recognizes what a killed run or
a reboot left behind, and an index (see `addresses.py`) is reserved only while its cluster lives.
"""

import json
import os
import re
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path

from .addresses import INDEXES, Addresses
from .errors import ClusterError
from .locks import locked
from .paths import state_folder
from .processes import Process, process, start

NAME = re.compile(r"[a-z0-9]([a-z0-9-]{0,38}[a-z0-9])?")


@dataclass(frozen=True)
class State:
    """One cluster: what it was asked to be, and which processes it consists of."""

    name: str
    kind: str  # light, node or kind
    index: int
    owner: Process  # the `up` that made it
    kwok_nodes: int = 0
    complete: bool = False  # `up` came to its end
    processes: tuple[Process, ...] = ()

    @property
    def folder(self) -> Path:
        """Everything of this cluster's on disk."""
        return cluster_folder(self.name)

    @property
    def addresses(self) -> Addresses:
        """Its ports and networks."""
        return Addresses(self.index, light=self.kind == "light")

    def running(self) -> bool:
        """Whether it came up and all of it still runs."""
        return self.complete and all(member.alive() for member in self.processes)

    def alive(self) -> bool:
        """Whether anything of it still runs, or is about to: its index is taken."""
        if self.complete:
            return self.kind == "kind" or any(member.alive() for member in self.processes)
        return self.owner.alive() or any(member.alive() for member in self.processes)

    def started(
        self, role: str, command: Sequence[str | Path], environment: Mapping[str, str] | None = None
    ) -> "State":
        """Start one more process and write it down."""
        return self.with_process(start(role, command, self.log(role), environment))

    def with_process(self, member: Process) -> "State":
        """Write down a process that belongs to the cluster."""
        return write_state(replace(self, processes=(*self.processes, member)))

    def log(self, role: str) -> Path:
        """Where a process writes to."""
        return self.folder / "logs" / f"{role}.log"


def cluster_folder(name: str) -> Path:
    """Where a cluster of this name is kept."""
    if not NAME.fullmatch(name):
        raise ClusterError(
            f"{name!r} cannot be a cluster's name: use up to 40 small letters, digits and dashes, such as demo"
        )
    return state_folder() / "clusters" / name


def read_state(name: str) -> State | None:
    """What is written down of a cluster; None where there is nothing."""
    try:
        read = json.loads((cluster_folder(name) / "state.json").read_text())
    except FileNotFoundError:
        return None
    processes = tuple(Process(**member) for member in read["processes"])
    return State(**{**read, "owner": Process(**read["owner"]), "processes": processes})


def write_state(state: State) -> State:
    """Write a cluster down, whole or not at all."""
    state.folder.mkdir(parents=True, exist_ok=True)
    unfinished = state.folder / "state.json.unfinished"
    unfinished.write_text(json.dumps(asdict(state), indent=1))
    unfinished.rename(state.folder / "state.json")
    return state


def states() -> list[State]:
    """Every cluster that is written down on this machine."""
    folder = state_folder() / "clusters"
    names = sorted(path.parent.name for path in folder.glob("*/state.json"))
    return [state for name in names if (state := read_state(name))]


def claim(name: str, kind: str, kwok_nodes: int) -> State:
    """Take the first free index; hold the machine's lock, so that two runs never take the same."""
    with locked(state_folder() / "locks" / "index.lock"):
        taken = {state.index for state in states() if state.name != name and state.alive()}
        for index in INDEXES:
            if index not in taken and (kind == "kind" or Addresses(index, light=kind == "light").free()):
                return write_state(State(name, kind, index, process("up", os.getpid()), kwok_nodes))
    raise ClusterError(
        "every index is in use: delete unused clusters (python -m tests.tools.cluster status, then down)"
    )
