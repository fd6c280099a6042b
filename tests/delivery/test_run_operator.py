"""`make run`: it names the cluster before it starts, and refuses to guess one."""

import os
import subprocess
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).parents[2]
NOBODY = "https://127.0.0.1:1"  # nothing listens on port 1


def _run(kubeconfig: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "KUBECONFIG": str(kubeconfig)}
    return subprocess.run(
        [ROOT / ".ci/run-operator", *arguments],
        env=environment,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


@pytest.fixture
def kubeconfig(tmp_path: Path) -> Path:
    """Two contexts, of which `practice` is the current one."""
    contexts = [{"name": name, "context": {"cluster": name, "user": "u"}} for name in ("production", "practice")]
    clusters = [{"name": name, "cluster": {"server": NOBODY}} for name in ("production", "practice")]
    content = {
        "apiVersion": "v1",
        "kind": "Config",
        "current-context": "practice",
        "contexts": contexts,
        "clusters": clusters,
        "users": [{"name": "u", "user": {"token": "t"}}],
    }
    file = tmp_path / "kubeconfig"
    file.write_text(yaml.safe_dump(content), encoding="utf-8")
    return file


def test_run_operator_names_the_context_before_the_operator_starts(kubeconfig: Path) -> None:
    done = _run(kubeconfig, "--listen-port", "0")
    first, *rest = done.stderr.splitlines()
    assert first == f"context practice, cluster {NOBODY}; ctrl-c stops the operator"
    assert any(line.startswith("error: the API server does not answer") for line in rest), done.stderr


def test_run_operator_hands_its_arguments_to_the_operator(kubeconfig: Path) -> None:
    done = _run(kubeconfig, "--workers", "0")
    assert done.returncode == 2
    assert "--workers" in done.stderr


@pytest.mark.parametrize("content", [None, "apiVersion: v1\nkind: Config\n"], ids=["no file", "no current context"])
def test_run_operator_does_not_guess_a_context(content: str | None, tmp_path: Path) -> None:
    file = tmp_path / "kubeconfig"
    if content:
        file.write_text(content, encoding="utf-8")
    done = _run(file)
    assert done.returncode == 2
    assert "has no current context" in done.stderr
    assert "kubectl config use-context" in done.stderr
