"""A function fits on one screen: what is longer does several things, and each of them deserves a name."""

import ast
from pathlib import Path

PACKAGE = Path(__file__).parents[2] / "operator" / "microservice_operator"
LIMIT = 40


def test_no_function_is_longer_than_a_screen() -> None:
    functions = [
        (f"{file.relative_to(PACKAGE)}: {node.name}", (node.end_lineno or 0) - node.lineno + 1)
        for file in sorted(PACKAGE.rglob("*.py"))
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8")))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
    ]
    assert len(functions) > 1000
    assert [(name, length) for name, length in functions if length > LIMIT] == []
