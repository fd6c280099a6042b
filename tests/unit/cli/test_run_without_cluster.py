"""Without access to a cluster, `run` and `plan` say where they looked and what to do, and exit."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from microservice_operator.cli import application
from tests.conftest import REPOSITORY

KEY = "c2VjcmV0LWtleQ=="
USER = f"kind: Config\nusers:\n- name: me\n  user:\n    client-key-data: {KEY}\n"


LOOKED_AT = "check the kubeconfig {}, or set KUBECONFIG to another file"


@pytest.mark.parametrize(
    ("text", "cause", "remedy"),
    [
        (None, "the kubeconfig {} does not exist; ", "create it, or set KUBECONFIG to another file"),
        (USER, "current-context", LOOKED_AT),
        (f"{USER}    other: [\n", "it is not YAML", LOOKED_AT),
    ],
    ids=["no file", "no context", "no YAML"],
)
def test_the_kubeconfig_is_named_and_not_quoted(tmp_path: Path, text: str | None, cause: str, remedy: str) -> None:
    kubeconfig = tmp_path / "kubeconfig"
    if text:
        kubeconfig.write_text(text)
    outside_a_pod = {name: value for name, value in os.environ.items() if name != "KUBERNETES_SERVICE_HOST"}
    command = [sys.executable, "-m", "microservice_operator.cli", "run", "--listen-host=127.0.0.1", "--listen-port=0"]
    ended = subprocess.run(
        command, env={**outside_a_pod, "KUBECONFIG": str(kubeconfig)}, capture_output=True, text=True, check=False
    )
    assert ended.returncode == 2, ended.stderr
    [sentence] = [line for line in ended.stderr.splitlines() if line.startswith("error: ")]
    assert "no connection to a cluster: " in sentence
    assert cause.format(kubeconfig) in sentence
    assert sentence.endswith(remedy.format(kubeconfig))
    assert KEY not in ended.stdout + ended.stderr


def plan(**variables: str | None) -> Result:
    words = ["plan", str(REPOSITORY / "examples/minimal.yaml")]
    return CliRunner().invoke(application(words), words, env={"KUBERNETES_SERVICE_HOST": None, **variables})


def test_plan_names_the_missing_kubeconfig_and_the_way_without_a_cluster(tmp_path: Path) -> None:
    kubeconfig = tmp_path / "kubeconfig"
    result = plan(KUBECONFIG=str(kubeconfig))
    assert (result.exit_code, result.stdout) == (2, "")
    assert result.stderr.splitlines() == [
        f"no connection to a cluster: the kubeconfig {kubeconfig} does not exist; create it, or set KUBECONFIG to "
        "another file; to compare with an older file and without a cluster, use --against FILE"
    ]


def test_plan_in_a_pod_without_a_token_asks_for_the_token() -> None:
    result = plan(KUBERNETES_SERVICE_HOST="10.0.0.1")
    assert result.exit_code == 2
    assert "mount the token of a ServiceAccount in this pod; to compare with an older file" in result.stderr
    assert "kubeconfig" not in result.stderr
