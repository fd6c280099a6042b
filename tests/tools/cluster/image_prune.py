"""Deletes unused images: archives in the cache, and the layers that buildah keeps."""

import json
import shutil
import subprocess
import time
from pathlib import Path

from .recipes import PREFIX, Recipe

KEPT_ARCHIVES = 2  # of each image: going back to the last commit costs nothing
KEPT_SECONDS = 14 * 24 * 3600


def prune(recipe: Recipe, kept: Path) -> None:
    """Drop this image's older archives and what an interrupted build left, and layers that are old."""
    found = sorted(kept.parent.glob(f"{recipe.name}-dev-*.tar"), key=lambda path: path.stat().st_mtime, reverse=True)
    for archive in found[KEPT_ARCHIVES:]:
        archive.unlink()
        _forget(f"docker.io/{PREFIX}/{recipe.name}:{archive.stem.removeprefix(f'{recipe.name}-')}")
    for unfinished in kept.parent.glob(f"{recipe.name}-dev-*.unfinished"):
        unfinished.unlink()
    if found[KEPT_ARCHIVES:]:
        for layer in _old_layers():
            _forget(layer)


def _old_layers() -> list[str]:
    """Images without a name, which buildah keeps for its cache, made longer ago than anyone will ask for."""
    if shutil.which("buildah") is None:
        return []
    listed = subprocess.run(
        ["buildah", "images", "--all", "--filter=dangling=true", "--json"], capture_output=True, text=True, check=False
    )
    layers = json.loads(listed.stdout or "[]") or []
    return [layer["id"] for layer in layers if layer["createdatraw"] < _iso(time.time() - KEPT_SECONDS)]


def _forget(image: str) -> None:
    """Delete an image in buildah, unless it is unknown there or another image needs it."""
    if shutil.which("buildah"):
        subprocess.run(["buildah", "rmi", image], capture_output=True, check=False)


def _iso(seconds: float) -> str:
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(seconds))
