"""The node as a container, where a Docker engine answers: kind, with the same audit log and the same interface."""

import shutil
import subprocess
from pathlib import Path

import yaml

from .binaries import Progress, program
from .control_plane import audit_log, kubeconfig_file
from .errors import ClusterError
from .paths import HERE
from .state import State


def docker_answers() -> bool:
    """Whether a Docker engine can be used from here."""
    if shutil.which("docker") is None:
        return False
    asked = subprocess.run(["docker", "version"], capture_output=True, timeout=20, check=False)
    return asked.returncode == 0


def start_kind(state: State, progress: Progress) -> State:
    """Create the kind cluster; an existing one (from an interrupted `up`) is replaced."""
    if state.kwok_nodes:
        raise ClusterError("fake nodes are not added to a kind cluster: take a light one for them (--light --kwok)")
    delete_kind(state)
    progress("creating the node with kind: it fetches its image at the first time")
    audit_log(state).parent.mkdir(parents=True, exist_ok=True)
    audit_log(state).touch()
    _kind("create", "cluster", "--name", state.name, "--wait=180s", f"--config={_config(state)}", kubeconfig=state)
    return state


def delete_kind(state: State) -> None:
    """Delete the kind cluster, if there is one."""
    if program("kind").exists() and docker_answers():
        _kind("delete", "cluster", "--name", state.name, kubeconfig=state)


def node_address(state: State) -> str:
    """The address of the node's container in Docker's network."""
    template = "{{.NetworkSettings.Networks.kind.IPAddress}}"
    asked = subprocess.run(
        ["docker", "inspect", f"--format={template}", f"{state.name}-control-plane"],
        capture_output=True,
        text=True,
        check=False,
    )
    return asked.stdout.strip()


def load_archive(state: State, archive: Path, reference: str, name: str) -> None:
    """Bring one image archive into the node, and give the image a second name there."""
    _kind("load", "image-archive", str(archive), "--name", state.name)
    ctr = ["ctr", "--namespace=k8s.io", "images", "tag", "--force", reference, name]
    subprocess.run(["docker", "exec", f"{state.name}-control-plane", *ctr], capture_output=True, check=True)


def _config(state: State) -> Path:
    """`kind.yaml` with this cluster's folder and the audit policy put in."""
    text = (HERE / "config" / "kind.yaml").read_text()
    read = yaml.safe_load(
        text.replace("STATE", str(state.folder)).replace("POLICY", str(HERE / "config" / "audit.yaml"))
    )
    file = state.folder / "kind.yaml"
    file.write_text(yaml.safe_dump(read, sort_keys=False))
    return file


def _kind(*arguments: str, kubeconfig: State | None = None) -> None:
    where = [] if kubeconfig is None else [f"--kubeconfig={kubeconfig_file(kubeconfig, 'admin')}"]
    ran = subprocess.run(
        [program("kind"), *arguments, *where], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False
    )
    if ran.returncode != 0:
        raise ClusterError(f"kind {arguments[0]} failed; it said:\n{ran.stdout[-3000:]}")
