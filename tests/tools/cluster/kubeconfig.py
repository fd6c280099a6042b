"""Kubeconfig files: who talks to which API server, with the certificates inside the file."""

import base64
from pathlib import Path

import yaml

from .certificates import Pair


def kubeconfig(cluster: str, server: str, ca: bytes, user: Pair) -> str:
    """The text of a kubeconfig with embedded certificates."""
    return yaml.safe_dump(
        {
            "apiVersion": "v1",
            "kind": "Config",
            "current-context": cluster,
            "clusters": [
                {"name": cluster, "cluster": {"server": server, "certificate-authority-data": _base64(ca)}},
            ],
            "users": [
                {
                    "name": cluster,
                    "user": {
                        "client-certificate-data": _base64(user.certificate),
                        "client-key-data": _base64(user.key),
                    },
                }
            ],
            "contexts": [{"name": cluster, "context": {"cluster": cluster, "user": cluster}}],
        },
        sort_keys=False,
    )


def write_kubeconfig(file: Path, text: str) -> Path:
    """Write a kubeconfig that only its owner can read: it holds a private key."""
    file.parent.mkdir(parents=True, exist_ok=True)
    file.touch(mode=0o600)
    file.write_text(text)
    return file


def _base64(content: bytes) -> str:
    return base64.b64encode(content).decode()
