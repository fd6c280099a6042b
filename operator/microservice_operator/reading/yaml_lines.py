"""Finds places in YAML text: its documents, and the line of a field.

A line is needed only for an error, so the readers do not record where values came from.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import yaml

from .yaml_values import BadYAML, events

_SEPARATOR = re.compile(r"^---[^\n]*$", re.MULTILINE)


def line_of(text: str, path: Sequence[str | int]) -> int:
    """Return the line of the field at `path`, or of its nearest ancestor in the text; 1 if the text is not YAML."""
    line = 1
    open_: list[_Place] = []
    try:
        for event in events(text):
            if isinstance(event, yaml.CollectionEndEvent):
                open_.pop()
            elif isinstance(event, yaml.NodeEvent):
                on_path, event_line = _step(open_, event, path)
                if on_path:
                    line = event_line
                if on_path and len(open_) == len(path):
                    return line
                if isinstance(event, yaml.CollectionStartEvent):
                    open_.append(_Place(isinstance(event, yaml.MappingStartEvent), on_path))
    except BadYAML:
        pass
    return line


@dataclass
class _Place:
    """A list or mapping that is being read."""

    mapping: bool
    on_path: bool
    index: int = 0
    key: str | None = None
    key_line: int = 0


def _step(open_: list[_Place], event: Any, path: Sequence[str | int]) -> tuple[bool, int]:
    """Return whether a node is on the path, and the line on which it starts; a key is never on the path."""
    line = event.start_mark.line + 1
    if not open_:
        return True, line
    place, wanted = open_[-1], path[len(open_) - 1] if len(open_) <= len(path) else None
    if not place.mapping:
        place.index += 1
        return place.on_path and wanted == place.index - 1, line
    if place.key is None:
        place.key, place.key_line = getattr(event, "value", ""), line
        return False, line
    key, place.key = place.key, None
    return place.on_path and str(wanted) == key, place.key_line


def chunks(text: str) -> Iterator[tuple[int, str]]:
    """Yield the documents of a text, each with the number of lines before it.

    The text is split at lines that start with three hyphens, before anything reads YAML, as kubectl does it. Raises
    BadYAML if anything other than a comment follows the hyphens.
    """
    start, lines, counted = 0, 0, 0
    for separator in [*_SEPARATOR.finditer(text), None]:
        end = separator.start() if separator else len(text)
        lines, counted = lines + text.count("\n", counted, start), start
        yield lines, text[start:end]
        if separator:
            after = separator.group()[3:].strip()
            if after and not after.startswith("#"):
                line = text.count("\n", 0, separator.start()) + 1
                raise BadYAML("something follows the three hyphens; write it on the next line", line)
            start = separator.end()
