"""YAML files as documents that remember their lines, read as kubectl reads them, and strictly.

PyYAML silently takes the last of two equal keys and turns dates into objects; both would hide a mistake.
"""

import sys
from collections.abc import Hashable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

STDIN = Path("-")


class Unreadable(Exception):
    """The file, or the cluster, is not there or may not be read."""


class BadYAML(Exception):
    """The text is no YAML, or says one thing twice; `line` counts from 1."""

    def __init__(self, message: str, line: int) -> None:
        """Keep the sentence and the line."""
        super().__init__(message)
        self.line = line


@dataclass(frozen=True)
class Document:
    """One document of a file: its number and its content as JSON types."""

    file: str
    number: int
    content: Any
    node: yaml.Node

    def line(self, path: Sequence[str | int]) -> int:
        """Line of the field at `path`, or of the nearest field above it that is written."""
        node, line = self.node, self.node.start_mark.line + 1
        for part in path:
            found = _child(node, part)
            if found is None:
                break
            line, node = found
        return line


def documents(file: Path) -> Iterator[Document]:
    """Every document of a file that is not empty; `-` is standard input.

    Raises Unreadable, or BadYAML at the first error.
    """
    name = "<stdin>" if file == STDIN else str(file)
    loader = _Loader(_text(file))
    try:
        number = 0
        while loader.check_node():
            node = loader.get_node()
            number += 1
            if node is not None and node.tag != "tag:yaml.org,2002:null":
                yield Document(name, number, loader.construct_document(node), node)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        raise BadYAML(_problem(error), mark.line + 1 if mark else 1) from None
    except yaml.YAMLError as error:
        raise BadYAML(str(error).splitlines()[0], 1) from None
    finally:
        loader.dispose()


def _text(file: Path) -> str:
    try:
        raw = sys.stdin.buffer.read() if file == STDIN else file.read_bytes()
        return raw.decode()
    except OSError as error:
        raise Unreadable(f"{file}: {error.strerror}") from None
    except UnicodeDecodeError:
        raise Unreadable(f"{file}: is no UTF-8 text") from None


def _problem(error: yaml.MarkedYAMLError) -> str:
    problem = error.problem or "it cannot be read"
    return problem if "; " in problem else f"{problem}; look at the indentation, colons and quotes here"


def _child(node: yaml.Node, part: str | int) -> tuple[int, yaml.Node] | None:
    if isinstance(node, yaml.MappingNode):
        return next(((key.start_mark.line + 1, value) for key, value in node.value if key.value == part), None)
    if isinstance(node, yaml.SequenceNode) and isinstance(part, int) and part < len(node.value):
        return node.value[part].start_mark.line + 1, node.value[part]
    return None


class _Loader(yaml.SafeLoader):
    """SafeLoader that refuses equal keys and leaves dates as they are written."""

    # to kubectl, a date is a string
    yaml_implicit_resolvers = {  # noqa: RUF012 declared so by PyYAML
        first: [(tag, pattern) for tag, pattern in resolvers if not tag.endswith(":timestamp")]
        for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
    }

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Hashable, Any]:
        seen: set[str] = set()
        for key, _ in node.value:
            if key.value in seen and key.tag != "tag:yaml.org,2002:merge":
                raise yaml.constructor.ConstructorError(
                    None, None, f"{key.value} is there twice; remove one of them", key.start_mark
                )
            seen.add(key.value)
        return super().construct_mapping(node, deep=deep)

    def construct_number(self, node: yaml.ScalarNode) -> Any:
        """To kubectl, 12:30 is a string and 2.0 is 2."""
        if ":" in node.value:
            return node.value
        if node.tag.endswith(":int"):
            return self.construct_yaml_int(node)
        number = self.construct_yaml_float(node)
        return int(number) if number.is_integer() else number


for _tag in ("int", "float"):
    _Loader.add_constructor(f"tag:yaml.org,2002:{_tag}", _Loader.construct_number)
