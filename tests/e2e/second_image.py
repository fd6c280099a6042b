"""The same program as a second image with another tag and image id, so that a pod shows which one it runs."""

import hashlib
import io
import json
import tarfile
from pathlib import Path
from typing import Any

from tests.tools.cluster import Image


def second_image(first: Image, folder: Path) -> Image:
    """An archive that differs in one label of the image's configuration, and hence in the image's id."""
    name, _, tag = first.ref.rpartition(":")
    second = f"{name}:second-{tag.removeprefix('dev-')}"
    archive = folder / f"{second.rpartition('/')[2].replace(':', '-')}.tar"
    with tarfile.open(first.archive) as source, tarfile.open(archive, "w") as target:
        (entry,) = json.load(_opened(source, "manifest.json"))
        config: dict[str, Any] = json.load(_opened(source, entry["Config"]))
        config["config"]["Labels"] = {**(config["config"].get("Labels") or {}), "second": "true"}
        written = json.dumps(config).encode()
        for member in source:
            if member.name not in ("manifest.json", entry["Config"]):
                target.addfile(member, source.extractfile(member) if member.isfile() else None)
        entry = {
            **entry,
            "Config": f"{hashlib.sha256(written).hexdigest()}.json",
            "RepoTags": [f"docker.io/{second}"],
        }
        _add(target, entry["Config"], written)
        _add(target, "manifest.json", json.dumps([entry]).encode())
    return Image(second, archive)


def _opened(archive: tarfile.TarFile, name: str) -> io.BufferedReader:
    found = archive.extractfile(name)
    assert found is not None
    return found  # type: ignore[return-value]  # typeshed says IO[bytes]


def _add(archive: tarfile.TarFile, name: str, content: bytes) -> None:
    member = tarfile.TarInfo(name)
    member.size = len(content)
    archive.addfile(member, io.BytesIO(content))
