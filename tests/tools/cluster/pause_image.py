"""The image of the container that holds a pod's namespaces: one static program, in an archive written here."""

import hashlib
import io
import json
import os
import tarfile
from pathlib import Path

from .binaries import program

REFERENCE = "registry.k8s.io/pause:3.10.1"  # what the runtime asks for; it is never fetched
ARCHITECTURE = {"x86_64": "amd64", "aarch64": "arm64"}.get(os.uname().machine, os.uname().machine)


def write_pause_image(archive: Path) -> Path:
    """Write the image as a docker-archive."""
    layer = _tar({"pause": (program("pause").read_bytes(), 0o755)})
    config = json.dumps(
        {
            "architecture": ARCHITECTURE,
            "os": "linux",
            "config": {"Entrypoint": ["/pause"], "User": "65535:65535"},
            "rootfs": {"type": "layers", "diff_ids": [f"sha256:{hashlib.sha256(layer).hexdigest()}"]},
        }
    ).encode()
    manifest = json.dumps([{"Config": "config.json", "RepoTags": [REFERENCE], "Layers": ["layer.tar"]}]).encode()
    files = {"layer.tar": (layer, 0o644), "config.json": (config, 0o644), "manifest.json": (manifest, 0o644)}
    archive.write_bytes(_tar(files))
    return archive


def _tar(files: dict[str, tuple[bytes, int]]) -> bytes:
    written = io.BytesIO()
    with tarfile.open(fileobj=written, mode="w") as tar:
        for name, (content, mode) in files.items():
            member = tarfile.TarInfo(name)
            member.size, member.mode = len(content), mode
            tar.addfile(member, io.BytesIO(content))
    return written.getvalue()
