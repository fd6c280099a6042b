"""Dependabot's configuration names every folder of the tree that holds dependencies, and no other."""

import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

ROOT = Path(__file__).parents[2]
CONFIGURATION: dict[str, Any] = yaml.safe_load((ROOT / ".github/dependabot.yml").read_text(encoding="utf-8"))


def _folders_of(ecosystem: str) -> set[str]:
    (entry,) = [each for each in CONFIGURATION["updates"] if each["package-ecosystem"] == ecosystem]
    return set(entry["directories"])


@pytest.mark.parametrize(
    ("ecosystem", "name"), [("gomod", "go.mod"), ("docker", "Dockerfile"), ("npm", "package.json")]
)
def test_dependabot_looks_at_every_folder_with_dependencies(ecosystem: str, name: str) -> None:
    command = ["git", "ls-files", "--cached", "--others", "--exclude-standard", "--", name, f"**/{name}"]
    listed = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=60, check=True).stdout.split()
    folders = {f"/{Path(path).parent}".removesuffix(".") for path in listed if (ROOT / path).exists()}
    assert folders
    assert _folders_of(ecosystem) == folders
