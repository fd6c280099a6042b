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


def test_a_calling_job_has_every_permission_of_the_workflow_that_it_calls() -> None:
    """GitHub does not start a workflow whose jobs want more than their caller has; actionlint does not look at it."""
    calls = 0
    for path in WORKFLOWS.glob("*.yml"):
        for job in yaml.safe_load(path.read_text())["jobs"].values():
            called = re.fullmatch(r"\./\.github/workflows/(.+)\.yml", job.get("uses", ""))
            if not called:
                continue
            calls += 1
            for wanted in _workflow(called[1])["jobs"].values():
                lacking = {
                    k: v for k, v in wanted["permissions"].items() if job["permissions"].get(k) not in (v, "write")
                }
                assert not lacking, f"{path.name}: {called[1]}.yml wants {lacking}"
    assert calls >= len(SERVICES)


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


def _places(job: dict[str, Any], *wanted: str) -> list[int]:
    """Where each of these is first called in a job."""
    text = [str(step.get("run", "")) + str(step.get("uses", "")) for step in job["steps"]]
    return [next(at for at, each in enumerate(text) if part in each) for part in wanted]


BUILD = (".ci/image", ".ci/test-image", "anchore/scan-action", "anchore/sbom-action")
PUSH = ("configure-aws-credentials", ".ci/push-image", "cosign sign", "attest-build-provenance", "attest-sbom")


def test_steps_come_in_their_order() -> None:
    jobs = _workflow("service")["jobs"]
    assert list(jobs) == ["test", "deliver", "deploy"]
    assert (jobs["deliver"]["needs"], jobs["deploy"]["needs"]) == ("test", "deliver")
    assert (jobs["deliver"]["environment"], jobs["deploy"]["environment"]) == ("ecr", "staging")
    places = _places(jobs["deliver"], *BUILD, *PUSH)
    assert places == sorted(places)
    # A role is taken when image and tests are done with, and tests could not take one.
    assert "id-token" not in jobs["test"]["permissions"]


def test_a_release_is_checked_before_anything_is_built_or_pushed() -> None:
    jobs = _workflow("release")["jobs"]
    assert _places(jobs["check"], ".ci/release-notes", ".ci/run") == [1, 3]
    assert jobs["release"]["needs"] == "check"
    places = _places(jobs["release"], *BUILD, ".ci/release-notes", *PUSH, "gh release create")
    assert places == sorted(places)
    places = _places(jobs["release"], ".ci/archive-digest", ".ci/push-image", ".ci/push-chart", "cosign sign")
    assert places == sorted(places)


@pytest.mark.parametrize("name", ["service", "release"])
def test_every_architecture_of_an_image_is_scanned(name: str) -> None:
    (job,) = [each for each in _workflow(name)["jobs"].values() if "id-token" in each["permissions"]]
    scanned = [step["with"]["image"] for step in job["steps"] if "scan-action" in step.get("uses", "")]
    assert [image.rpartition("-")[2] for image in scanned] == ["amd64", "arm64"]
    assert "linux/amd64,linux/arm64" in (ROOT / ".ci/image").read_text()


def test_no_deployment_waits_in_a_group_that_keeps_one_of_them() -> None:
    """GitHub cancels all but the newest pending job of a concurrency group."""
    assert "concurrency" not in _workflow("service")["jobs"]["deploy"]
    assert "concurrency" not in _workflow("service")
    groups = {service: _workflow(service)["concurrency"]["group"] for service in SERVICES}
    assert groups == {service: f"{service}-${{{{ github.ref }}}}" for service in SERVICES}


def test_promotion_and_rescan_know_every_service() -> None:
    options = _workflow("promote")[True]["workflow_dispatch"]["inputs"]["service"]["options"]
    matrix = _workflow("rescan")["jobs"]["scan"]["strategy"]["matrix"]["service"]
    deployed = {path.name.removesuffix("-image.yaml") for path in ROOT.glob("manifests/gitops/*/shop/*-image.yaml")}
    assert tuple(options) == tuple(matrix) == SERVICES == tuple(sorted(deployed))


def test_code_owners_name_folders_that_exist() -> None:
    lines = [line for line in (ROOT / ".github/CODEOWNERS").read_text().splitlines() if line and line[0] != "#"]
    assert lines
    assert not [line for line in lines if not (ROOT / line.split()[0].strip("/")).is_dir()]
