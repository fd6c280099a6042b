"""The source of the services and of the platform: functions are short, and texts are plain English."""

import ast
import re
import tokenize
from collections.abc import Iterator
from pathlib import Path

from tests.unit.support.plain_words import UNPLAIN

ROOT = Path(__file__).parents[2]
MAX_LINES = 40
# Before Python 3.12, an f-string is a single STRING token.
TEXT_TOKENS = {tokenize.COMMENT, tokenize.STRING, getattr(tokenize, "FSTRING_MIDDLE", tokenize.STRING)}
PYTHON = sorted((ROOT / "services").rglob("*.py"))
TEXTS = sorted(
    file
    for folder, pattern in (
        ("services", "*.html"),
        ("services", "*.js"),
        ("services", "openapi*.yaml"),
        ("manifests/terraform", "*.tf"),
        (".github/workflows", "*.yml"),
    )
    for file in (ROOT / folder).rglob(pattern)
)


def _place(file: Path, line: int) -> str:
    return f"{file.relative_to(ROOT)}:{line}"


def _comments_and_strings(file: Path) -> Iterator[tuple[int, str]]:
    with file.open("rb") as source:
        for token in tokenize.tokenize(source.readline):
            if token.type in TEXT_TOKENS:
                yield token.start[0], token.string


def test_no_function_of_a_service_exceeds_40_lines() -> None:
    functions = [
        (file, node)
        for file in PYTHON
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8")))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
    ]
    assert len(functions) > 300
    long = [
        f"{_place(file, node.lineno)} {node.name}"
        for file, node in functions
        if (node.end_lineno or 0) - node.lineno + 1 > MAX_LINES
    ]
    assert not long, "split the function"


def test_the_services_python_files_use_plain_words() -> None:
    offenders = [
        f"{_place(file, line)}: {text}"
        for file in PYTHON
        for line, text in _comments_and_strings(file)
        if UNPLAIN.search(text)
    ]
    assert not offenders, "CONTRIBUTING.md, 'Language', has the words to write instead"


def test_pages_contracts_terraform_and_workflows_use_plain_words() -> None:
    assert len(TEXTS) > 50
    offenders = [
        f"{_place(file, number)}: {line.strip()}"
        for file in TEXTS
        for number, line in enumerate(file.read_text(encoding="utf-8").splitlines(), 1)
        if UNPLAIN.search(re.sub(r"`[^`]*`|\{[%{].*?[%}]\}", "", line))
    ]
    assert not offenders, "CONTRIBUTING.md, 'Language', has the words to write instead"
