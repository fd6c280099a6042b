"""Helm, and the chart of a release."""

import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.conftest import REPOSITORY
from tests.tools.cluster.binaries import build, program

NAMESPACE = "microservice-operator-system"
DIGEST = f"sha256:{'a' * 64}"
IMAGE = f"123456789012.dkr.ecr.us-east-1.amazonaws.com/shop/microservice-operator@{DIGEST}"
Objects = dict[tuple[str, str], dict[str, Any]]


@dataclass(frozen=True)
class Chart:
    """A chart and the program that installs it."""

    helm: Path
    folder: Path

    def run(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Call Helm without plugins or settings of the user."""
        return subprocess.run(
            [self.helm, *arguments], capture_output=True, text=True, timeout=300, check=False, cwd=self.folder.parent
        )

    def text(self, *settings: str) -> str:
        """Return the YAML of the objects."""
        version = ("--namespace", NAMESPACE, "--kube-version", "1.36.0")
        done = self.run("template", "operator", str(self.folder), *version, *settings)
        assert done.returncode == 0, done.stderr
        return done.stdout

    def objects(self, *settings: str) -> Objects:
        """Return the objects by kind and name."""
        return by_name(self.text(*settings))

    def refusal(self, *settings: str) -> str:
        """Return why Helm refuses these settings."""
        done = self.run("template", "operator", str(self.folder), "--namespace", NAMESPACE, *settings)
        assert done.returncode != 0, done.stdout
        return done.stderr


def by_name(text: str) -> Objects:
    """Return the objects of YAML documents by kind and name."""
    return {(each["kind"], each["metadata"]["name"]): each for each in yaml.safe_load_all(text) if each}


@pytest.fixture(scope="session")
def helm() -> Path:
    """Built from its pinned module, once for each user."""
    build(["helm"], print)
    return program("helm")


@pytest.fixture(scope="session")
def chart(helm: Path, tmp_path_factory: pytest.TempPathFactory) -> Chart:
    """The chart of a release whose image has a digest."""
    folder = tmp_path_factory.mktemp("chart")
    command = [sys.executable, str(REPOSITORY / "manifests/chart/build.py"), "1.2.3", IMAGE, str(folder)]
    subprocess.run(command, check=True, timeout=60)
    return Chart(helm, folder / "microservice-operator")


@pytest.fixture(scope="session")
def released(tmp_path_factory: pytest.TempPathFactory) -> Objects:
    """The objects of the kustomization with the same image."""
    work = tmp_path_factory.mktemp("base")
    for name in ("crds", "manifests/base"):
        shutil.copytree(REPOSITORY / name, work / name)
    overlay = {
        "apiVersion": "kustomize.config.k8s.io/v1beta1",
        "kind": "Kustomization",
        "resources": ["../manifests/base"],
        "images": [{"name": "microservice-operator/operator", "newName": IMAGE.partition("@")[0], "digest": DIGEST}],
    }
    (work / "overlay").mkdir()
    (work / "overlay/kustomization.yaml").write_text(yaml.safe_dump(overlay), encoding="utf-8")
    command = ["kubectl", "kustomize", str(work / "overlay")]
    return by_name(subprocess.run(command, check=True, capture_output=True, text=True, timeout=60).stdout)
