"""The texts that users of the operator read are plain English: messages, Events, help and descriptions of the CRDs.

CONTRIBUTING.md ("Language") has the reasons and the words to write instead.
"""

import ast
from collections.abc import Iterator
from typing import Any

import pytest
import yaml
from typer.testing import CliRunner

from microservice_operator.cli import COMMANDS, application
from tests.conftest import REPOSITORY
from tests.unit.support.plain_words import UNPLAIN

PACKAGE = REPOSITORY / "operator/microservice_operator"
CRDS = [REPOSITORY / "crds" / name for name in ("environments.yaml", "microservices.yaml")]
REMEDY = "CONTRIBUTING.md, 'Language', has the words to write instead"


def _literals(tree: ast.Module) -> Iterator[ast.Constant]:
    """Yield the string literals of a module, including the parts of f-strings, without docstrings."""
    statements = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in statements:
            yield node


def _descriptions(node: Any) -> Iterator[str]:
    if isinstance(node, dict):
        if isinstance(node.get("description"), str):
            yield node["description"]
        for inner in node.values():
            yield from _descriptions(inner)
    elif isinstance(node, list):
        for inner in node:
            yield from _descriptions(inner)


def _unplain(text: str) -> list[str]:
    return [f"{found[0]!r} in {text!r}" for found in UNPLAIN.finditer(text)]


def test_messages_use_plain_words() -> None:
    texts = [
        (f"{file.relative_to(PACKAGE)}:{literal.lineno}", str(literal.value))
        for file in sorted(PACKAGE.rglob("*.py"))
        for literal in _literals(ast.parse(file.read_text(encoding="utf-8")))
    ]
    assert len(texts) > 3000
    assert [(where, *found) for where, text in texts if (found := _unplain(text))] == [], REMEDY


@pytest.mark.parametrize("command", ["", *COMMANDS])
def test_help_uses_plain_words(command: str) -> None:
    arguments = [command, "--help"] if command else ["--help"]
    result = CliRunner(env={"COLUMNS": "1000"}).invoke(application(arguments), arguments)
    assert "Usage:" in result.output
    assert _unplain(result.output) == [], REMEDY


@pytest.mark.parametrize("file", CRDS, ids=lambda file: str(file.name))
def test_descriptions_use_plain_words(file: Any) -> None:
    texts = list(_descriptions(yaml.safe_load(file.read_text(encoding="utf-8"))))
    assert len(texts) > 20
    assert [found for text in texts for found in _unplain(" ".join(text.split()))] == [], REMEDY


def test_a_part_of_an_f_string_is_read_and_a_docstring_is_not() -> None:
    [literal] = _literals(ast.parse('def f(name):\n    """Look beside it."""\n    return f"{name} is not there"'))
    assert _unplain(str(literal.value)) == ["'is not there' in ' is not there'"]
