"""Imports: offline commands load no SDK, and modules marked PURE are in the import-linter contract."""

import ast
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PACKAGE = ROOT / "operator" / "microservice_operator"
SDKS = ("boto3", "botocore", "psycopg", "kubernetes", "kopf", "aiohttp")


@pytest.mark.parametrize("command", ["crds", "explain", "permissions", "plan", "render", "validate"])
def test_an_offline_command_loads_no_sdk(command: str) -> None:
    code = f"import sys, microservice_operator.cli.{command}; print([m for m in {SDKS} if m in sys.modules])"
    loaded = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    assert loaded.strip() == "[]"


def test_modules_that_say_pure_are_those_of_the_contract() -> None:
    contracts = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["importlinter"]["contracts"]
    held = next(set(c["source_modules"]) for c in contracts if c["name"] == "what decides does nothing")
    packages = {name for name in held if (PACKAGE.parent / name.replace(".", "/")).is_dir()}
    said = {module for file in sorted(PACKAGE.rglob("*.py")) if (module := _says_pure(file))}
    assert {module for module in said if module.rpartition(".")[0] not in packages} == held - packages


def _says_pure(file: Path) -> str:
    documented = ast.get_docstring(ast.parse(file.read_text())) or ""
    module = ".".join(file.relative_to(PACKAGE.parent).with_suffix("").parts)
    return module if documented.startswith("PURE") or documented.rstrip().endswith("PURE.") else ""
