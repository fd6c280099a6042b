"""`.ci/terraform`, which a workflow runs: what it accepts and what it refuses."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.conftest import REPOSITORY
from tests.terraform.tool import mirror

pytestmark = pytest.mark.timeout(600)


def _run(tree: Path, program: str) -> subprocess.CompletedProcess[str]:
    found = mirror()
    if found is None:
        pytest.skip("no mirror of Terraform's providers is found: name one that holds hashicorp/aws in TF_PLUGIN_DIR")
    environment = {
        **os.environ,
        "TERRAFORM": program,
        "TF_PLUGIN_DIR": str(found),
        "TF_CLI_CONFIG_FILE": os.devnull,
        "AWS_REGION": "us-east-1",
    }
    return subprocess.run(
        [tree / ".ci/terraform"], cwd=tree, env=environment, capture_output=True, text=True, timeout=500, check=False
    )


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    """A repository with one valid module."""
    shutil.copytree(REPOSITORY / "manifests/terraform/ecr", tmp_path / "manifests/terraform/ecr")
    (tmp_path / ".ci").mkdir()
    shutil.copy(REPOSITORY / ".ci/terraform", tmp_path / ".ci")
    subprocess.run(["git", "init", "--quiet"], cwd=tmp_path, check=True, timeout=60)
    return tmp_path


def test_a_valid_module_is_accepted_and_the_tree_is_left_as_it_is(tree: Path, terraform_program: str) -> None:
    before = sorted(tree.rglob("manifests/**/*"))
    done = _run(tree, terraform_program)
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout.splitlines() == ["ecr: valid"]
    assert sorted(tree.rglob("manifests/**/*")) == before


def test_a_module_that_is_not_valid_or_whose_test_fails_is_refused(tree: Path, terraform_program: str) -> None:
    modules = tree / "manifests/terraform"
    (modules / "broken").mkdir()
    (modules / "broken/main.tf").write_text('output "x" {\n  value = var.absent\n}\n')
    (modules / "failing/tests").mkdir(parents=True)
    (modules / "failing/main.tf").write_text('output "x" {\n  value = 1\n}\n')
    assertion = '  assert {\n    condition     = output.x == 2\n    error_message = "x is not 2"\n  }\n'
    (modules / "failing/tests/x.tftest.hcl").write_text(f'run "x" {{\n{assertion}}}\n')
    done = _run(tree, terraform_program)
    assert done.returncode == 1
    assert "error: Terraform refuses broken failing" in done.stderr
    assert "ecr: valid" in done.stdout


def test_a_module_that_is_not_formatted_is_refused(tree: Path, terraform_program: str) -> None:
    (tree / "manifests/terraform/ecr/x.tf").write_text('output  "x" {\nvalue=1\n}\n')
    assert _run(tree, terraform_program).returncode != 0
