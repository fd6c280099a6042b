"""Commands and tables of the pages are those of the program: commands that need only this checkout run as written."""

import re
import shlex
import socket
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
import yaml
from typer.testing import CliRunner, Result

from microservice_operator.cli import COMMANDS, application
from tests.conftest import REPOSITORY

PAGES = ("README.md", "docs/getting-started.md", "examples/README.md")
OFFLINE = tuple(name for name, command in COMMANDS.items() if "offline" in command.summary)
CONSOLE = re.compile(r"^```console\n(.*?)^```$", re.DOTALL | re.MULTILINE)
HELLO = REPOSITORY / "examples/hello.yaml"


def invoke(*words: str) -> Result:
    return CliRunner(env={"COLUMNS": "200"}).invoke(application(words), words)


def documented() -> Iterator[tuple[str, str]]:
    """Yield each offline command of the pages, with the output that the page shows."""
    for page in PAGES:
        for block in CONSOLE.findall((REPOSITORY / page).read_text(encoding="utf-8")):
            for entry in block.replace("\\\n", " ").split("$ ")[1:]:
                line, _, output = entry.partition("\n")
                if line.startswith(tuple(f"microservice-operator {name} " for name in OFFLINE)):
                    yield line, output


def test_the_pages_show_offline_commands() -> None:
    assert len(list(documented())) >= 8


@pytest.mark.parametrize(("line", "output"), list(documented()))
def test_a_documented_command_runs_as_written(line: str, output: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(REPOSITORY)
    words = [
        path
        for word in shlex.split(line, comments=True)[1:]
        for path in (sorted(map(str, Path().glob(word))) if "*" in word else [word])
    ]
    result = invoke(*words)
    assert result.exit_code == 0, result.output
    assert not output or result.stdout == output


def test_the_page_of_commands_lists_formats_and_exit_codes() -> None:
    page = (REPOSITORY / "docs/command-line.md").read_text(encoding="utf-8")
    expected = []
    for name, command in COMMANDS.items():
        choices = re.search(r"--output +-o +<([a-z|]+)>", invoke(name, "--help").stdout)
        formats = ", ".join(f"`{choice}`" for choice in choices[1].split("|")) if choices else ""
        codes = "<br>".join(f"{code}: {meaning}" for code, meaning in command.exit_codes.items())
        expected.append(f"| `{name}` | {command.summary} | {formats} | {codes} |")
    assert [line for line in page.splitlines() if line.startswith("| `")] == expected


def test_the_program_of_the_first_example_answers_the_default_probes() -> None:
    spec = yaml.safe_load(HELLO.read_text(encoding="utf-8"))["spec"]
    with closing(socket.create_server(("127.0.0.1", 0))) as free:
        port = free.getsockname()[1]
    [program] = spec["args"]
    assert program.count("8080") == 1
    with subprocess.Popen(
        [sys.executable, *spec["command"][1:], program.replace("8080", str(port))], stderr=subprocess.DEVNULL
    ) as service:
        try:
            for path in ("/health", "/ready", "/"):
                assert _answer(f"http://127.0.0.1:{port}{path}", service) == b"hello\n"
        finally:
            service.terminate()
        assert service.wait() == 0


def _answer(url: str, service: subprocess.Popen[bytes]) -> bytes:
    """Return the answer of the service as soon as it listens."""
    while service.poll() is None:
        try:
            with urllib.request.urlopen(url) as response:
                answer: bytes = response.read()
                return answer
        except urllib.error.URLError:
            continue
    raise AssertionError(f"the service ended with {service.returncode}")
