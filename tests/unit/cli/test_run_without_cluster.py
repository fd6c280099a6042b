"""Without access to a cluster, the operator says where it looked, and exits."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

KEY = "c2VjcmV0LWtleQ=="
USER = f"kind: Config\nusers:\n- name: me\n  user:\n    client-key-data: {KEY}\n"


@pytest.mark.parametrize(
    ("text", "said"),
    [(None, "no connection to a cluster"), (USER, "current-context"), (f"{USER}    other: [\n", "it is not YAML")],
    ids=["no file", "no context", "no YAML"],
)
def test_the_kubeconfig_is_named_and_not_quoted(tmp_path: Path, text: str | None, said: str) -> None:
    kubeconfig = tmp_path / "kubeconfig"
    if text:
        kubeconfig.write_text(text)
    around = {name: value for name, value in os.environ.items() if name != "KUBERNETES_SERVICE_HOST"}
    command = [sys.executable, "-m", "microservice_operator.cli", "run", "--listen-host=127.0.0.1", "--listen-port=0"]
    ended = subprocess.run(
        command, env={**around, "KUBECONFIG": str(kubeconfig)}, capture_output=True, text=True, check=False
    )
    assert ended.returncode == 2, ended.stderr
    [sentence] = [line for line in ended.stderr.splitlines() if line.startswith("error: ")]
    assert said in sentence
    assert f"check the kubeconfig {kubeconfig} (KUBECONFIG names another)" in sentence
    assert KEY not in ended.stdout + ended.stderr
