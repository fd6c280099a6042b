"""GitHub's workflows: the findings of zizmor and actionlint, and what workflows may share."""

import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

ROOT = Path(__file__).parents[2]
WORKFLOWS = ROOT / ".github/workflows"
SERVICES = ("order", "product", "user")


def _workflow(name: str) -> dict[Any, Any]:
    loaded: dict[Any, Any] = yaml.safe_load((WORKFLOWS / f"{name}.yml").read_text())
    return loaded


def test_zizmor_finds_nothing() -> None:
    command = [str(Path(sys.executable).parent / "zizmor"), "--offline", "--no-progress", "--color=never", ".github"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stdout


def test_actionlint_finds_nothing(tmp_path: Path) -> None:
    """Built from its pinned module; with it, shellcheck reads the scripts in the workflows."""
    program = tmp_path / "actionlint"
    environment = {**os.environ, "CGO_ENABLED": "0", "GOWORK": "off", "GOFLAGS": "-mod=readonly"}
    built = subprocess.run(
        ["go", "build", "-trimpath", "-o", str(program), "github.com/rhysd/actionlint/cmd/actionlint"],
        cwd=ROOT / "tests/delivery/actionlint",
        env=environment,
        capture_output=True,
        text=True,
        timeout=540,
        check=False,
    )
    assert built.returncode == 0, built.stderr
    shellcheck = Path(sys.executable).parent / "shellcheck"
    files = [str(path) for path in sorted(WORKFLOWS.glob("*.yml"))]
    command = [str(program), "-no-color", f"-shellcheck={shellcheck}", "-pyflakes=", *files]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def test_every_action_is_pinned_and_its_version_named() -> None:
    lines = [line for path in WORKFLOWS.glob("*.yml") for line in path.read_text().splitlines() if "uses: " in line]
    foreign = [line for line in lines if "uses: ./" not in line]
    assert foreign
    assert not [line for line in foreign if not re.search(r"uses: [\w./-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+$", line)]


def test_nothing_is_permitted_to_all_jobs_and_no_key_is_used() -> None:
    for path in WORKFLOWS.glob("*.yml"):
        assert yaml.safe_load(path.read_text())["permissions"] == {}, path.name
        assert "secrets." not in path.read_text(), path.name


def test_scripts_that_are_called_are_there() -> None:
    called = {name for path in WORKFLOWS.glob("*.yml") for name in re.findall(r"\.ci/[a-z-]+", path.read_text())}
    assert called
    assert not [name for name in called if not os.access(ROOT / name, os.X_OK)]


@pytest.mark.parametrize("service", SERVICES)
def test_a_service_is_delivered_when_its_files_change(service: str) -> None:
    on = _workflow(service)[True]  # YAML 1.1 reads `on` so
    paths = on["push"]["paths"]
    assert on["pull_request"]["paths"] == paths
    assert f"services/{service}/**" in paths
    for path in paths:
        assert list(ROOT.glob(path)), path
    assert not [other for other in SERVICES if other != service and f"services/{other}/**" in paths]
    job = _workflow(service)["jobs"][service]
    assert job["with"] == {"service": service}
    # The commit of a deployment must not start the next one.
    assert not [path for path in paths if path.startswith("manifests/gitops")]


def test_steps_come_in_their_order() -> None:
    jobs = _workflow("service")["jobs"]
    assert list(jobs) == ["test", "deliver", "deploy"]
    assert (jobs["deliver"]["needs"], jobs["deploy"]["needs"]) == ("test", "deliver")
    assert (jobs["deliver"]["environment"], jobs["deploy"]["environment"]) == ("ecr", "production")
    text = [step.get("run", step.get("uses", "")) for step in jobs["deliver"]["steps"]]
    wanted = [".ci/image", "anchore/scan-action", "configure-aws-credentials", ".ci/push-image", "attest-build"]
    places = [next(at for at, each in enumerate(text) if part in each) for part in wanted]
    assert places == sorted(places)
    # A role is taken when image and tests are done with, and tests could not take one.
    assert "id-token" not in jobs["test"]["permissions"]
