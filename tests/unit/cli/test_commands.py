"""What each command loads: help and `validate` load no client, and help runs nothing."""

import subprocess
import sys

import pytest
from typer.testing import CliRunner

from microservice_operator.cli import COMMANDS, application
from tests.conftest import REPOSITORY

LOADED = """
import sys
from microservice_operator.cli import application
try:
    application(sys.argv[1:])(sys.argv[1:], standalone_mode=False)
finally:
    print("loaded:", *sorted({"kopf", "boto3", "kubernetes", "psycopg", "aiohttp"} & sys.modules.keys()))
"""


@pytest.mark.parametrize("command", COMMANDS)
def test_help_of_a_command(command: str) -> None:
    result = CliRunner(env={"COLUMNS": "100"}).invoke(application([command, "--help"]), [command, "--help"])
    assert result.exit_code == 0
    assert "Usage:" in result.output
    lines = [line.strip() for line in result.output.splitlines()]
    codes = [f"{code}: {meaning}" for code, meaning in COMMANDS[command].exit_codes.items()]
    assert lines[lines.index("Exit codes:") + 1 :][: len(codes)] == codes


def test_only_what_never_asks_anybody_is_called_offline() -> None:
    """`plan` reads a cluster unless it receives a file instead."""
    assert {name for name, command in COMMANDS.items() if "offline" in command.summary} == {
        "render",
        "validate",
        "explain",
    }


@pytest.mark.parametrize(
    "words", [["--help"], ["validate", "services/order/microservice.yaml", "--openapi", "services/order/openapi.yaml"]]
)
def test_help_and_validate_load_no_client(words: list[str]) -> None:
    command = [sys.executable, "-c", LOADED, *words]
    done = subprocess.run(command, cwd=REPOSITORY, capture_output=True, text=True, check=False)
    assert done.stdout.splitlines()[-1] == "loaded:", done.stderr
