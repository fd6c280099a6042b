"""The base image where no registry can be reached: Debian 13 with Python, made by debootstrap and kept by buildah.

It stands in for `python:3.13-slim` and `debian:trixie-slim`, the Dockerfiles' defaults: same distribution, same Python.
"""

import hashlib
import shutil
import subprocess
import tempfile
from pathlib import Path

from .binaries import Progress
from .errors import ClusterError
from .locks import locked
from .packages import IMAGES, install
from .paths import cache_folder

SUITE = "trixie"
PACKAGES = ("ca-certificates", "python3", "python3-venv")
DROPPED = (  # what no container reads
    "usr/share/doc/*",
    "usr/share/info/*",
    "usr/share/locale/*",
    "usr/share/man/*",
    "usr/share/i18n/*",
    "usr/share/zoneinfo/right",
    "var/cache/apt/archives/*.deb",
    "var/cache/debconf/*-old",
    "var/lib/apt/lists/*",
    "var/log/*.log",
    "var/log/apt/*",
)


def base_reference() -> str:
    """The name of the base image: a new recipe is a new name."""
    recipe = hashlib.sha256(repr((SUITE, PACKAGES, DROPPED)).encode()).hexdigest()[:12]
    return f"localhost/microservice-operator/base:{SUITE}-{recipe}"


def base_image(progress: Progress) -> str:
    """Make the base image where it is missing; its name."""
    install(IMAGES, progress)
    reference = base_reference()
    with locked(cache_folder() / "locks" / "base-image.lock"):
        if not _exists(reference):
            progress("making the base image (about a minute, once)")
            with tempfile.TemporaryDirectory(dir=cache_folder(), prefix="base-") as folder:
                root = Path(folder) / "root"
                run("debootstrap", "--variant=minbase", f"--include={','.join(PACKAGES)}", SUITE, str(root))
                _strip(root)
                _commit(root, reference)
    return reference


def run(*command: str) -> str:
    """Run a command; what it said."""
    ran = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False)
    if ran.returncode != 0:
        raise ClusterError(f"{' '.join(command[:4])} … failed; it ended with:\n{ran.stdout[-3000:]}")
    return ran.stdout.strip()


def _exists(reference: str) -> bool:
    return (
        subprocess.run(["buildah", "inspect", "--type=image", reference], capture_output=True, check=False).returncode
        == 0
    )


def _strip(root: Path) -> None:
    for pattern in DROPPED:
        for path in root.glob(pattern):
            if path.is_dir() and not path.is_symlink():
                shutil.rmtree(path)
            else:
                path.unlink()
    for cache in list(root.rglob("__pycache__")):
        shutil.rmtree(cache)
    lines = [f"path-exclude=/usr/share/{folder}/*\n" for folder in ("doc", "info", "locale", "man")]
    (root / "etc" / "dpkg" / "dpkg.cfg.d" / "no-documentation").write_text("".join(lines))


def _commit(root: Path, reference: str) -> None:
    container = run("buildah", "from", "scratch")
    try:
        run("buildah", "copy", "--quiet", container, str(root), "/")
        run("buildah", "config", "--cmd", "/bin/bash", "--env", "PATH=/usr/local/bin:/usr/sbin:/usr/bin", container)
        run("buildah", "commit", "--quiet", container, reference)
    finally:
        run("buildah", "rm", container)
