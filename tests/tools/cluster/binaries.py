"""Kubernetes' own programs, built from pinned Go modules into a cache that every checkout shares.

Each part is a folder below `go/` with a go.mod and its go.sum. A part is built once for each version: into a
temporary folder that is renamed when everything is in it, under a lock, so that parallel runs build it once and an
interrupted build leaves nothing half done (Go's own cache keeps what was compiled, so the next try goes on from there).
"""

import hashlib
import os
import shutil
import subprocess
import threading
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

from .errors import ClusterError
from .locks import locked
from .paths import HERE, cache_folder

KUBERNETES = "1.36.3"
KEPT_SECONDS = 14 * 24 * 3600  # another checkout may be at another version
Progress = Callable[[str], None]


@dataclass(frozen=True)
class Part:
    """Programs that are built together: where their go.mod is, and what each import path's program is called."""

    name: str
    version: str
    module: str
    programs: dict[str, str]  # name of the program → import path of its main package
    stamps: tuple[str, ...] = ()  # variables that the linker sets
    tags: tuple[str, ...] = ()  # build tags

    def folder(self) -> Path:
        """Where the built programs are kept: one folder for each version and recipe."""
        recipe = hashlib.sha256(repr((sorted(self.programs.items()), self.stamps)).encode())
        recipe.update(" ".join(self.tags).encode())  # nothing for a part without tags
        for file in sorted((HERE / "go" / self.module).iterdir()):
            recipe.update(file.read_bytes())
        return cache_folder() / "bin" / f"{self.name}-{self.version}-{recipe.hexdigest()[:8]}"

    def built(self) -> bool:
        """Whether nothing is left to build."""
        return self.folder().is_dir()


def _kubernetes(name: str, programs: Iterable[str], others: dict[str, str] | None = None) -> Part:
    package = "k8s.io/component-base/version"
    major, minor, _ = KUBERNETES.split(".")
    return Part(
        name,
        KUBERNETES,
        "kubernetes",
        {**(others or {}), **{program: f"k8s.io/kubernetes/cmd/{program}" for program in programs}},
        (f"{package}.gitVersion=v{KUBERNETES}", f"{package}.gitMajor={major}", f"{package}.gitMinor={minor}"),
    )


_CONTAINERD = "github.com/containerd/containerd/v2"

# In the order in which a whole node needs them; a part that shares packages with the one before builds faster.
PARTS = {
    part.name: part
    for part in (
        _kubernetes(
            "control-plane",
            ("kube-apiserver", "kube-controller-manager"),
            {"etcd": "go.etcd.io/etcd/server/v3"},
        ),
        _kubernetes("scheduler", ("kube-scheduler",)),
        _kubernetes("node", ("kubelet", "kube-proxy")),
        Part(
            "containerd",
            "2.2.9",
            "containerd",
            {name: f"{_CONTAINERD}/cmd/{name}" for name in ("containerd", "containerd-shim-runc-v2", "ctr")},
            (f"{_CONTAINERD}/version.Version=2.2.9",),
        ),
        Part("coredns", "1.15.0", "coredns", {"coredns": "."}),
        Part("pause", "3.10.1", "pause", {"pause": "."}),
        # for the tests of alerts; without the discovery of targets, whose clients of clouds take most of a build
        Part(
            "promtool",
            "0.315.1",
            "promtool",
            {"promtool": "github.com/prometheus/prometheus/cmd/promtool"},
            tags=("remove_all_sd",),
        ),
        Part(
            "kube-router",
            "2.1.0",
            "kube-router",
            {"kube-router": "github.com/cloudnativelabs/kube-router/v2/cmd/kube-router"},
            ("github.com/cloudnativelabs/kube-router/v2/pkg/version.Version=v2.1.0",),
        ),
        Part("kwok", "0.8.0", "kwok", {"kwok": "sigs.k8s.io/kwok/cmd/kwok"}),
        Part("kind", "0.33.0", "kind", {"kind": "sigs.k8s.io/kind"}),
        Part(
            "helm",
            "4.3.2",
            "helm",
            {"helm": "helm.sh/helm/v4/cmd/helm"},
            ("helm.sh/helm/v4/internal/version.version=v4.3.2",),
        ),
    )
}
LIGHT = ("control-plane",)
WHOLE = ("control-plane", "scheduler", "node", "containerd", "coredns", "pause", "kube-router")


def program(name: str) -> Path:
    """The path of a built program."""
    part = next(part for part in PARTS.values() if name in part.programs)
    return part.folder() / name


def build(names: Iterable[str], progress: Progress) -> None:
    """Build the parts that are not in the cache, one after the other, while the next ones' sources are fetched."""
    missing = [PARTS[name] for name in names if not PARTS[name].built()]
    if not missing:
        return
    if shutil.which("go") is None:
        raise ClusterError(
            "Go is not installed, and the cluster's programs are built from source: "
            "install Go 1.26 or newer and run this again"
        )
    fetching = threading.Thread(target=_fetch, args=(missing[1:],), daemon=True)
    fetching.start()
    for part in missing:
        with locked(cache_folder() / "locks" / f"{part.name}.lock"):
            if not part.built():
                _build(part, progress)
                _prune(part)


def _build(part: Part, progress: Progress) -> None:
    target = part.folder()
    unfinished = target.with_name(f"{target.name}.unfinished")
    shutil.rmtree(unfinished, ignore_errors=True)
    unfinished.mkdir(parents=True)
    progress(f"{part.name} {part.version}: fetching sources")
    total = len(_packages(part))
    stamps = " ".join(f"-X {stamp}" for stamp in part.stamps)
    command = ["go", "build", "-v", "-trimpath", f"-tags={','.join(part.tags)}"]
    command += ["-ldflags", f"-s -w {stamps}", "-o", f"{unfinished}/"]
    with subprocess.Popen(
        [*command, *part.programs.values()],
        cwd=HERE / "go" / part.module,
        env={**os.environ, "CGO_ENABLED": "0", "GOWORK": "off"},
        stderr=subprocess.PIPE,
        text=True,
    ) as going:
        lines: list[str] = []
        for line in going.stderr or ():
            lines.append(line)
            progress(f"{part.name} {part.version}: compiled {len(lines)} of at most {total} packages")
    if going.returncode != 0:
        raise ClusterError(f"Go could not build {part.name} {part.version}:\n{''.join(lines[-20:])}")
    for name, package in part.programs.items():
        built = unfinished / _name_given_by_go(part, package)
        built.rename(unfinished / name)
    unfinished.rename(target)


def _name_given_by_go(part: Part, package: str) -> str:
    """The last element of the import path that is not a major version; a folder's own main is called as its module."""
    if package == ".":
        return part.module
    elements = package.split("/")
    return elements[-2] if elements[-1].startswith("v") and elements[-1][1:].isdigit() else elements[-1]


def _packages(part: Part) -> list[str]:
    """Every package of the part; listing them downloads their sources."""
    listing = subprocess.run(
        ["go", "list", "-deps", f"-tags={','.join(part.tags)}", *part.programs.values()],
        cwd=HERE / "go" / part.module,
        env={**os.environ, "CGO_ENABLED": "0", "GOWORK": "off"},
        capture_output=True,
        text=True,
        check=False,
    )
    if listing.returncode != 0:
        raise ClusterError(f"Go could not fetch the sources of {part.name} {part.version}:\n{listing.stderr[-2000:]}")
    return listing.stdout.split()


def _fetch(parts: Iterable[Part]) -> None:
    for part in parts:
        try:
            _packages(part)
        except ClusterError:
            return  # the build itself will say so


def _prune(part: Part) -> None:
    """Drop what old recipes of this part left, so that the cache does not grow for ever."""
    for folder in part.folder().parent.glob(f"{part.name}-[0-9]*"):
        if folder != part.folder() and folder.stat().st_mtime < time.time() - KEPT_SECONDS:
            shutil.rmtree(folder, ignore_errors=True)
