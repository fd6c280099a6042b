"""Copies image archives to a cluster's node; images that the node has are skipped."""

import json
import tarfile
from collections.abc import Sequence
from pathlib import Path

from . import kind, node_images
from .errors import ClusterError
from .state import State


def load(state: State, archives: Sequence[Path]) -> None:
    """Load the images in these archives; each is also known by the tag `dev` then, which manifests use."""
    if state.kind == "light":
        raise ClusterError(
            f"cluster {state.name!r} is light: no pods run there, so there is nowhere to load an image to"
        )
    there = node_images.images_there(state) if state.kind == "node" else set()
    for archive in archives:
        for reference in references(archive):
            if state.kind == "kind":
                kind.load_archive(state, archive, reference, friendly(reference))
                continue
            if reference not in there:
                node_images.import_archive(state, archive)
            node_images.tag(state, reference, friendly(reference))


def friendly(reference: str) -> str:
    """The name that does not change with the content: `…/operator:dev`."""
    return f"{reference.rpartition(':')[0]}:dev"


def references(archive: Path) -> list[str]:
    """The names of the images in a docker-archive."""
    try:
        with tarfile.open(archive) as tar:
            manifest = tar.extractfile("manifest.json")
            entries = json.load(manifest) if manifest else []
    except (OSError, KeyError, tarfile.TarError) as error:
        raise ClusterError(
            f"{archive} is not an image archive (docker save, buildah push docker-archive): {error}"
        ) from error
    return [reference for entry in entries for reference in entry["RepoTags"] or ()]
