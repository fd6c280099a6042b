"""Fixtures: clusters for the tests of this folder, with names that no other run uses."""

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.tools.cluster import Cluster, down, up

KUBECTL = Path(sys.executable).with_name("kubectl")
Kubectl = Callable[..., str]


@pytest.fixture
def state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A state folder of the test's own: nothing of this machine's clusters is seen or touched."""
    monkeypatch.setenv("MICROSERVICE_OPERATOR_STATE", str(tmp_path))
    return tmp_path


@pytest.fixture(scope="module")
def light() -> Iterator[Cluster]:
    """A light cluster for the tests of one file."""
    name = f"pytest-light-{os.getpid()}"
    try:
        yield up(name, light=True)
    finally:
        down(name)


@pytest.fixture(scope="module")
def node() -> Iterator[Cluster]:
    """A whole node for the tests of one file."""
    name = f"pytest-node-{os.getpid()}"
    try:
        yield up(name)
    finally:
        down(name)


@pytest.fixture
def kubectl() -> Kubectl:
    """kubectl for a kubeconfig; what it printed, and its complaint where it failed."""

    def run(kubeconfig: Path, *arguments: str, stdin: str | None = None) -> str:
        ran = subprocess.run(
            [KUBECTL, f"--kubeconfig={kubeconfig}", *arguments],
            input=stdin,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
        )
        return ran.stdout

    return run
