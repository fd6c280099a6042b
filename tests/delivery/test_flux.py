"""Flux's result for each sample, from the kstatus library."""

import json
import os
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.delivery.samples import SAMPLES

HERE = Path(__file__).parent


@pytest.fixture(scope="module")
def verdicts(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """Built from pinned modules; Go keeps what it compiled from one run to the next."""
    if shutil.which("go") is None:
        pytest.fail("Go is not installed, and kstatus is a Go library: install Go 1.26 or newer and run this again")
    program = tmp_path_factory.mktemp("kstatus") / "kstatus"
    environment = {**os.environ, "CGO_ENABLED": "0", "GOWORK": "off", "GOFLAGS": "-mod=readonly"}
    command = ["go", "build", "-trimpath", "-o", str(program), "."]
    built = subprocess.run(
        command, cwd=HERE / "kstatus", env=environment, capture_output=True, text=True, timeout=540, check=False
    )
    assert built.returncode == 0, built.stderr
    objects = json.dumps([sample.microservice() for sample in SAMPLES])
    said = subprocess.run([program], input=objects, capture_output=True, text=True, timeout=30, check=True)
    return dict(zip((sample.name for sample in SAMPLES), said.stdout.split(), strict=True))


def test_what_kstatus_says(verdicts: dict[str, str]) -> None:
    assert verdicts == {sample.name: sample.kstatus for sample in SAMPLES}


def test_it_is_current_only_when_ready(verdicts: dict[str, str]) -> None:
    for sample in SAMPLES:
        status = sample.microservice()["status"]
        found = {each["type"]: each["status"] for each in status.get("conditions", [])}
        ready = found.get("Ready") == "True" and "Reconciling" not in found  # one that scales is both
        seen = status["observedGeneration"] == sample.generation
        assert (verdicts[sample.name] == "Current") == (ready and seen), sample.name
