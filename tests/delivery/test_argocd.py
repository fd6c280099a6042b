"""Argo CD's health and actions, in its own test format: health_test.yaml, action_test.yaml and testdata/."""

import re
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.delivery.argocd import ACTIONS, APPLICATION, ARGOCD, FOLDER, actions_file, run
from tests.delivery.samples import SAMPLES

HEALTH = yaml.safe_load((FOLDER / "health_test.yaml").read_text())["tests"]
APPLICATION_HEALTH = yaml.safe_load((APPLICATION / "health_test.yaml").read_text())["tests"]
TESTED = yaml.safe_load((FOLDER / "actions/action_test.yaml").read_text())
REQUESTED = "microservice-operator.dev/reconcile-requested-at"


def _load(path: Path) -> Any:
    return yaml.safe_load(path.read_text())


@pytest.mark.parametrize("case", HEALTH, ids=lambda case: Path(case["inputPath"]).stem)
def test_health(case: dict[str, Any]) -> None:
    script = (FOLDER / "health.lua").read_text()
    assert run(script, _load(FOLDER / case["inputPath"])) == case["healthStatus"]


@pytest.mark.parametrize("case", APPLICATION_HEALTH, ids=lambda case: Path(case["inputPath"]).stem)
def test_health_of_an_application_so_that_sync_waves_wait_for_it(case: dict[str, Any]) -> None:
    script = (APPLICATION / "health.lua").read_text()
    assert run(script, _load(APPLICATION / case["inputPath"])) == case["healthStatus"]


def test_health_of_an_object_that_was_just_written() -> None:
    bare = {"metadata": {"name": "product", "generation": 1}, "spec": {}}
    assert run((FOLDER / "health.lua").read_text(), bare)["status"] == "Progressing"


def test_each_sample_is_the_operators_and_is_tested_with_its_verdict() -> None:
    written = {path.stem: path.read_text() for path in (FOLDER / "testdata").glob("*.yaml")}
    assert written == {sample.name: sample.text() for sample in SAMPLES}, "run: python -m tests.delivery"
    verdicts = {Path(case["inputPath"]).stem: case["healthStatus"]["status"] for case in HEALTH}
    assert verdicts == {sample.name: sample.argocd for sample in SAMPLES}
    assert set(verdicts.values()) == {"Healthy", "Progressing", "Degraded", "Suspended"}


@pytest.mark.parametrize("case", TESTED["discoveryTests"], ids=lambda case: Path(case["inputPath"]).stem)
def test_which_actions_are_offered(case: dict[str, Any]) -> None:
    offered = run((FOLDER / "actions/discovery.lua").read_text(), _load(FOLDER / "actions" / case["inputPath"]))
    assert offered == {each["name"]: {"disabled": each["disabled"]} for each in case["result"]}
    assert set(offered) == {path.parent.name for path in (FOLDER / "actions").glob("*/action.lua")}


@pytest.mark.parametrize("case", TESTED["actionTests"], ids=lambda case: case["action"])
def test_what_an_action_changes(case: dict[str, Any]) -> None:
    script = (FOLDER / f"actions/{case['action']}/action.lua").read_text()
    changed = run(script, _load(FOLDER / "actions" / case["inputPath"]), clock=True)
    expected = _load(FOLDER / "actions" / case["expectedOutputPath"])
    if case["action"] == "reconcile":  # the time of the click
        asked = changed["metadata"]["annotations"].pop(REQUESTED)
        assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", asked)
        del expected["metadata"]["annotations"][REQUESTED]
    assert changed == expected


def test_the_config_map_holds_the_scripts() -> None:
    assert ACTIONS.read_text() == actions_file(), "run: python -m tests.delivery"
    built = subprocess.run(["kubectl", "kustomize", ARGOCD], capture_output=True, text=True, timeout=60, check=True)
    config_map = yaml.safe_load(built.stdout)
    about = "microservice-operator.dev_Microservice"
    assert config_map["data"] == {
        "resource.customizations.health.argoproj.io_Application": (APPLICATION / "health.lua").read_text(),
        f"resource.customizations.health.{about}": (FOLDER / "health.lua").read_text(),
        f"resource.customizations.actions.{about}": actions_file(),
    }
    assert (config_map["metadata"]["name"], config_map["metadata"]["namespace"]) == ("argocd-cm", "argocd")
