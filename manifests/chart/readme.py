"""Writes README.md: README.md.in, and a table of the values with the comments of values.yaml.

python manifests/chart/readme.py
"""

import json
import re
from collections.abc import Iterator
from pathlib import Path

import yaml

HERE = Path(__file__).parent
LONGEST_DEFAULT = 60  # characters in a row of the table
START = re.compile(r"^# -- (.*)$")


def readme() -> str:
    """Return the page."""
    lines = (HERE / "values.yaml").read_text(encoding="utf-8").splitlines()
    root = yaml.compose("\n".join(lines))
    rows = [f"| `{name}` | {_shown(default)} | {text} |" for name, default, text in _rows(root, lines, "")]
    table = "\n".join(["| value | default | meaning |", "|---|---|---|", *rows])
    page = (HERE / "README.md.in").read_text(encoding="utf-8")
    return page.replace("@VALUES@", table)


def _rows(node: yaml.Node | None, lines: list[str], prefix: str) -> Iterator[tuple[str, str, str]]:
    """Yield name, default as JSON and text of each value that has a comment, and look into the others."""
    if not isinstance(node, yaml.MappingNode):
        raise TypeError(f"values.yaml: {prefix.rstrip('.')} has no comment that starts with two dashes")
    for key, value in node.value:
        name, text = f"{prefix}{key.value}", _comment_above(key.start_mark.line, lines)
        if text is None:
            yield from _rows(value, lines, f"{name}.")
        else:
            source = yaml.serialize(value)
            yield name, json.dumps(yaml.safe_load(source)), text


def _comment_above(line: int, lines: list[str]) -> str | None:
    """Join the comment lines directly above a key, if the first of them starts with two dashes."""
    parts: list[str] = []
    for above in reversed(lines[:line]):
        text = above.strip()
        if not text.startswith("#"):
            return None
        if start := START.match(text):
            return " ".join([start[1], *reversed(parts)])
        parts.append(text.removeprefix("#").strip())
    return None


def _shown(default: str) -> str:
    return "see `values.yaml`" if len(default) > LONGEST_DEFAULT else f"`{default}`"


if __name__ == "__main__":
    (HERE / "README.md").write_text(readme(), encoding="utf-8")
