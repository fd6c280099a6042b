"""The node's namespaces: a network, mounts and processes of its own, joined to the host by one cable."""

import os
import subprocess
import time
from pathlib import Path

from .binaries import program
from .cgroups import create_groups, remove_groups, settle
from .errors import ClusterError
from .paths import HERE
from .processes import last_words, process
from .state import State

SCRIPTS = HERE / "scripts"


def create_namespaces(state: State) -> State:
    """Start the node's first process, furnished by `scripts/first.sh`, and plug in the cable."""
    (state.folder / "furnished").unlink(missing_ok=True)
    groups = create_groups(state.name)
    _write_groups(state, groups)
    state = state.started("namespaces", [SCRIPTS / "create.sh", state.folder, program("pause")], environment())
    pid = _first_process(state)
    state = state.with_process(process("first", pid))
    (state.folder / "first.pid").write_text(str(pid))
    _write_groups(state, settle(groups, [member.pid for member in state.processes]))
    _plug(state, pid)
    return state


def inside(state: State) -> list[str | Path]:
    """The command that runs another inside the node."""
    return [SCRIPTS / "enter.sh", state.folder]


def environment() -> dict[str, str]:
    """What processes of the node see: no proxy, no kubeconfig, none of the caller's settings."""
    return {"PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", "HOME": "/root", "LANG": "C.UTF-8"}


def clear_namespaces(state: State) -> None:
    """Remove what outlives the node's first process: the network link and the control groups."""
    link = state.addresses.host_link
    if Path(f"/sys/class/net/{link}").exists():
        _ip("link", "delete", link, check=False)  # it may be going by itself just now
    remove_groups(state.name)


def _first_process(state: State) -> int:
    """The pid, as the host sees it, of the namespaces' first process, once everything is mounted."""
    outer = state.processes[-1]
    deadline = time.monotonic() + 20
    while not (state.folder / "furnished").exists():
        if not outer.alive() or time.monotonic() > deadline:
            words = last_words(state.log("namespaces"))
            raise ClusterError(
                f"the node's namespaces cannot be made here; root in a container may not. It said:\n{words}"
            )
        time.sleep(0.02)
    return int(Path(f"/proc/{outer.pid}/task/{outer.pid}/children").read_text().split()[0])


def _plug(state: State, pid: int) -> None:
    """A cable between host and node, and the host's routes to pods and Services through it."""
    addresses = state.addresses
    _ip("link", "add", addresses.host_link, "type", "veth", "peer", "name", addresses.node_link, "netns", str(pid))
    _ip("address", "add", f"{addresses.host}/30", "dev", addresses.host_link)
    _ip("link", "set", addresses.host_link, "up")
    node = ["nsenter", "--target", str(pid), "--net", "--"]
    _ip("address", "add", f"{addresses.node}/30", "dev", addresses.node_link, inside=node)
    _ip("link", "set", addresses.node_link, "up", inside=node)
    _ip("route", "add", "default", "via", addresses.host, inside=node)
    for network in (addresses.pods, addresses.services):
        _ip("route", "add", network, "via", addresses.node, "dev", addresses.host_link)


def _ip(*arguments: str, inside: list[str] | None = None, check: bool = True) -> None:
    command = [*(inside or []), "ip", *arguments]
    ran = subprocess.run(command, env={**os.environ, **environment()}, capture_output=True, text=True, check=False)
    if check and ran.returncode != 0:
        raise ClusterError(f"{' '.join(command)} failed: {ran.stderr.strip()}")


def _write_groups(state: State, groups: list[Path]) -> None:
    (state.folder / "cgroups").write_text("".join(f"{group}\n" for group in groups))
