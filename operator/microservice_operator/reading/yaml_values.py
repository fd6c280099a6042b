"""Converts YAML text to JSON values, with limits on depth and size, by one of two sets of rules for scalars.

PyYAML's own loaders read YAML 1.1, accept duplicate keys and build a tree of objects that is two hundred times as large
as the text. This reader converts libyaml's events directly to values. It raises only BadYAML, for any input.
"""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

import yaml

from . import yaml_scalars as scalars
from .yaml_scalars import MERGE, STRING, UNTAGGED

DEPTH_LIMIT = 200
VALUE_LIMIT = 200_000  # keys and values; each use of an alias counts, because code that walks the values visits each
TAG_LIMIT = 100  # libyaml compares each %TAG line with all others
_LOADER: Any = getattr(yaml, "CBaseLoader", yaml.BaseLoader)
TWICE = "appears twice"
_SHOWN = 60  # characters of a key, tag or anchor in a message
_TAG_LINE = re.compile(r"^%TAG\b", re.MULTILINE)
_NO_KEY: Any = object()
_MERGE_KEY: Any = object()


class BadYAML(Exception):
    """The text cannot be read, or has a duplicate key; `line` counts from 1."""

    def __init__(self, message: str, line: int) -> None:
        """Keep the message and the line."""
        super().__init__(message)
        self.line = line


@dataclass(frozen=True)
class Rules:
    """Rules for reading scalars: `value` converts a tag and a text to a value, `key` to a string.

    Both raise ValueError with a message.
    """

    value: Callable[[str, str], Any]
    key: Callable[[str, str], str]
    own_tags: bool  # whether tags such as !secret are ignored; otherwise they are refused


KUBERNETES = Rules(scalars.kubernetes_value, scalars.kubernetes_key, own_tags=True)
CORE = Rules(scalars.core_value, scalars.core_key, own_tags=False)


def read_yaml(text: str, rules: Rules) -> Any:
    """Read the only document of a text; `None` if there is none.

    Raises BadYAML, also if a second document follows.
    """
    builder = _Builder(rules)
    for event in events(text):
        builder.take(event)
    return builder.root


def events(text: str) -> Iterator[Any]:
    """Yield libyaml's events for a text.

    Raises BadYAML at the first error.
    """
    tag_lines = list(_TAG_LINE.finditer(text))
    if len(tag_lines) > TAG_LIMIT:
        line = text.count("\n", 0, tag_lines[TAG_LIMIT].start()) + 1
        raise BadYAML(f"it has more than {TAG_LIMIT} %TAG lines; remove those that are not used", line)
    loader = None
    try:
        loader = _LOADER(text)
        while loader.check_event():
            yield loader.get_event()
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        raise BadYAML(_problem(error), mark.line + 1 if mark else 1) from None
    except yaml.reader.ReaderError as error:
        line = text.count("\n", 0, error.position) + 1
        raise BadYAML(f"it contains a character that YAML does not allow ({error.reason}); remove it", line) from None
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        raise BadYAML(str(error).splitlines()[0], 1) from None
    finally:
        if loader is not None:
            loader.dispose()


def _problem(error: yaml.MarkedYAMLError) -> str:
    return f"{error.problem or 'it cannot be read'}; check the indentation, colons and quotes here"


@dataclass
class _Open:
    """A list or mapping that is being read; `before` is the number of keys and values before it."""

    value: Any
    anchor: str | None
    line: int
    before: int
    key: Any = _NO_KEY
    key_line: int = 0
    merged: set[str] = field(default_factory=set)


class _Builder:
    def __init__(self, rules: Rules) -> None:
        self.root: Any = None
        self._rules = rules
        self._documents = 0
        self._open: list[_Open] = []
        self._count = 0  # of keys and values, with each use of an alias counted
        self._anchored: dict[str, tuple[Any, int]] = {}

    def take(self, event: Any) -> None:
        line = event.start_mark.line + 1
        match event:
            case yaml.DocumentStartEvent():
                self._documents += 1
                if self._documents > 1:
                    raise BadYAML("a second document starts here; move it to its own file", line)
            case yaml.ScalarEvent():
                self._scalar(event, line)
            case yaml.AliasEvent():
                self._alias(event.anchor, line)
            case yaml.CollectionStartEvent():
                self._begin(event, line)
            case yaml.CollectionEndEvent():
                done = self._open.pop()
                self._finished(done.value, self._count - done.before, done.anchor)

    def _counted(self, weight: int, line: int) -> None:
        self._count += weight
        if self._count > VALUE_LIMIT:
            raise BadYAML(f"it has more than {VALUE_LIMIT} keys and values, with aliases expanded; use fewer", line)

    def _begin(self, event: Any, line: int) -> None:
        if self._expects_key():
            raise BadYAML("a key must be text, not a list or a mapping; put it in quotes", line)
        if len(self._open) == DEPTH_LIMIT:
            raise BadYAML(f"it nests deeper than {DEPTH_LIMIT} levels; flatten it", line)
        own = {STRING.replace(":str", end) for end in (":map", ":seq")}
        if event.tag not in (None, "!", *own) and not self._rules.own_tags:
            raise BadYAML(f"it has the tag {event.tag[:_SHOWN]}, which has no meaning here; write the value out", line)
        value: Any = {} if isinstance(event, yaml.MappingStartEvent) else []
        if event.anchor:
            self._anchored.pop(event.anchor, None)
        self._open.append(_Open(value, event.anchor, line, self._count))
        self._counted(1, line)

    def _scalar(self, event: Any, line: int) -> None:
        self._counted(1, line)
        plain = event.implicit[0] and event.tag is None
        tag = UNTAGGED if plain else event.tag if event.tag not in (None, "!") else STRING
        try:
            if not self._expects_key():
                self._finished(self._rules.value(tag, event.value), 1, event.anchor)
            elif event.value == "<<" and tag in (UNTAGGED, MERGE):
                self._keyed(_MERGE_KEY, line)
            else:
                key = self._rules.key(tag, event.value)
                if event.anchor:
                    self._anchored[event.anchor] = (key, 1)
                self._keyed(key, line)
        except ValueError as error:
            raise BadYAML(str(error), line) from None

    def _alias(self, anchor: Any, line: int) -> None:
        if anchor not in self._anchored:
            inside = any(each.anchor == anchor for each in self._open)
            what = "is inside the value that it refers to" if inside else "refers to no earlier anchor"
            raise BadYAML(f"the alias *{anchor[:_SHOWN]} {what}; write the value out", line)
        value, weight = self._anchored[anchor]
        self._counted(weight, line)
        if not self._expects_key():
            self._finished(value, weight, None)
        elif isinstance(value, str):
            self._keyed(value, line)
        else:
            raise BadYAML(f"the alias *{anchor[:_SHOWN]} is a key but not text; write the key out", line)

    def _expects_key(self) -> bool:
        return bool(self._open) and isinstance(self._open[-1].value, dict) and self._open[-1].key is _NO_KEY

    def _keyed(self, key: Any, line: int) -> None:
        parent = self._open[-1]
        parent.key, parent.key_line = key, line

    def _finished(self, value: Any, weight: int, anchor: str | None) -> None:
        if anchor:
            self._anchored[anchor] = (value, weight)
        if not self._open:
            self.root = value
            return
        parent = self._open[-1]
        if isinstance(parent.value, list):
            parent.value.append(value)
            return
        key, parent.key = parent.key, _NO_KEY
        if key is _MERGE_KEY:
            self._merge(parent, value)
        elif key in parent.value and key not in parent.merged:
            raise BadYAML(f"{key[:_SHOWN]} {TWICE}; remove one of them", parent.key_line)
        else:
            parent.merged.discard(key)
            parent.value[key] = value

    def _merge(self, target: _Open, value: Any) -> None:
        """Merge the keys of one mapping, or of several; the first mapping wins.

        A key before the merge key is refused, because YAML readers disagree on which value counts.
        """
        sources = value if isinstance(value, list) else [value]
        if target.merged or not all(isinstance(source, dict) for source in sources):
            what = "appears twice" if target.merged else "needs a mapping or a list of mappings"
            raise BadYAML(f"the merge key << {what}; write the fields out", target.key_line)
        for key in (key for source in sources for key in source):
            if key in target.value and key not in target.merged:
                raise BadYAML(f"{key[:_SHOWN]} comes before the merge key <<; write << first", target.key_line)
        for source in sources:
            for key, item in source.items():
                if key not in target.merged:
                    target.merged.add(key)
                    target.value[key] = item
