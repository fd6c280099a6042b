"""Builds the project's images and keeps each as an archive: with Docker where it answers, with buildah elsewhere.

Both read the same Dockerfiles. Called by `make images`, by the demo and by tests that need pods.
"""

import time
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from .base_image import base_image, run
from .binaries import Progress
from .errors import ClusterError
from .image_prune import prune
from .kind import docker_answers
from .locks import locked
from .paths import REPOSITORY, cache_folder
from .recipes import RECIPES, Recipe

CERTIFICATES = Path("/etc/ssl/certs/ca-certificates.crt")


@dataclass(frozen=True)
class Image:
    """A built image: its name for a pod, and the docker-archive that holds it."""

    ref: str
    archive: Path


def images(names: Iterable[str] = (), progress: Progress = lambda _: None) -> dict[str, Image]:
    """Build what is not built yet, of the named images or of all; every one's name and archive."""
    wanted = list(names) or list(RECIPES)
    if unknown := sorted(set(wanted) - set(RECIPES)):
        raise ClusterError(f"no such image: {', '.join(unknown)}; there are {', '.join(RECIPES)}")
    docker = docker_answers()
    base = "" if docker else base_image(progress)
    return {name: _image(RECIPES[name], base, progress) for name in wanted}


def _image(recipe: Recipe, base: str, progress: Progress) -> Image:
    ref = recipe.reference(base)
    archive = cache_folder() / "images" / f"{recipe.name}-{ref.rpartition(':')[2]}.tar"
    with locked(cache_folder() / "locks" / f"image-{recipe.name}.lock"):
        if not archive.exists():
            progress(f"building the image {recipe.name}")
            archive.parent.mkdir(parents=True, exist_ok=True)
            unfinished = archive.with_suffix(f".{time.time_ns()}.unfinished")
            build = _build_with_buildah if base else _build_with_docker
            build(recipe, ref, base, unfinished)
            unfinished.rename(archive)
        archive.touch()
        prune(recipe, archive)
    return Image(ref.removeprefix("docker.io/"), archive)


def _build_with_buildah(recipe: Recipe, ref: str, base: str, archive: Path) -> None:
    # The machine's own certificate authorities are mounted while it builds, and are not part of the image.
    certificates = [f"--volume={CERTIFICATES}:{CERTIFICATES}:ro"] if CERTIFICATES.exists() else []
    run(
        *("buildah", "bud", "--isolation=chroot", "--layers", "--format=docker", "--pull-never", *certificates),
        *(f"--ignorefile={REPOSITORY / '.dockerignore'}", f"--file={REPOSITORY / recipe.dockerfile}", f"--tag={ref}"),
        *_arguments({**recipe.arguments, "BASE_IMAGE": base}),
        str(REPOSITORY),
    )
    run("buildah", "push", "--quiet", ref, f"docker-archive:{archive}:{ref}")


def _build_with_docker(recipe: Recipe, ref: str, _: str, archive: Path) -> None:
    arguments = _arguments(recipe.arguments)
    run("docker", "build", f"--file={REPOSITORY / recipe.dockerfile}", f"--tag={ref}", *arguments, str(REPOSITORY))
    run("docker", "save", f"--output={archive}", ref)


def _arguments(arguments: dict[str, str]) -> list[str]:
    return [f"--build-arg={name}={value}" for name, value in arguments.items()]
