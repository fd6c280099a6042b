"""The node's configuration files: the templates in `config/` with the addresses of one cluster."""

from pathlib import Path
from string import Template

from .paths import HERE
from .state import State

FILES = {  # template → where it goes in the cluster's folder
    "containerd.toml": "containerd.toml",
    "kubelet.yaml": "kubelet.yaml",
    "cni.conflist": "cni/10-pods.conflist",
    "Corefile": "Corefile",
}


def write_config(state: State) -> None:
    """Write every configuration file of the node."""
    for template, place in FILES.items():
        _fill(state, template, state.folder / place)
    (state.folder / "resolv.conf").write_text(f"nameserver {state.addresses.node}\n")
    _fill(state, "zone.conf", state.folder / "dns" / "invalid.conf", zone="invalid", address="0.0.0.0")


def write_zone(state: State, zone: str, address: str) -> None:
    """Let every name in a zone have one address; CoreDNS takes it up within seconds."""
    _fill(state, "zone.conf", state.folder / "dns" / f"{zone}.conf", zone=zone, address=address)


def _fill(state: State, template: str, file: Path, **more: str) -> None:
    text = (HERE / "config" / template).read_text()
    values = {
        "folder": str(state.folder),
        "name": state.name,
        "node": state.addresses.node,
        "pods": state.addresses.pods,
    }
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(Template(text).substitute(values, **more))
