"""The images in a node's runtime: lists, imports and tags them."""

import subprocess
from pathlib import Path

from .binaries import program
from .errors import ClusterError
from .namespaces import environment, inside
from .state import State


def images_there(state: State) -> set[str]:
    """The names of the images that the node has."""
    return set(_ctr(state, "list", "--quiet").split())


def import_archive(state: State, archive: Path) -> None:
    """Bring in the images of one archive."""
    _ctr(state, "import", "--local", str(archive))


def tag(state: State, reference: str, name: str) -> None:
    """Let an image have one more name, which another image may have had until now."""
    _ctr(state, "tag", "--force", reference, name)


def takes(state: State, archive: Path) -> bool:
    """Whether the runtime takes this archive now: it answers only a little after it was started."""
    try:
        import_archive(state, archive)
    except ClusterError:
        return False
    return True


def _ctr(state: State, *arguments: str) -> str:
    ran = subprocess.run(
        [*inside(state), program("ctr"), "--namespace=k8s.io", "images", *arguments],
        env=environment(),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    if ran.returncode != 0:
        raise ClusterError(f"the node's runtime refuses: ctr images {' '.join(arguments)}: {ran.stdout.strip()}")
    return ran.stdout
