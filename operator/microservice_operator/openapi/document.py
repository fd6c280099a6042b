"""PURE: an OpenAPI document as a tree: its fields, its internal references, and its offences."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from difflib import get_close_matches
from itertools import islice
from typing import Any
from urllib.parse import unquote

JsonPath = tuple[str | int, ...]  # the keys from the root
Object = Mapping[str, Any]

OFFENCE_LIMIT = 100
REFERENCE_LIMIT = 20  # references to references
REFERENCE_LENGTH = 2000
_SHOWN = 200  # characters of a pointer or of a list of words
_LISTED = 20  # words


@dataclass(frozen=True)
class Offence:
    """One problem: its place as the keys from the root, and a message that continues a sentence about that place.

    `operation` is the key of an operation that only lacks a declaration of who may call it, such as `GET /users`.
    """

    place: JsonPath
    message: str
    operation: str = ""

    @property
    def pointer(self) -> str:
        """The place as a JSON pointer, as a URI fragment (RFC 6901, section 6)."""
        whole = "#" + "".join(f"/{_escaped(str(step))}" for step in self.place)
        return whole if len(whole) <= _SHOWN else f"{whole[:_SHOWN]}…"


@dataclass
class Document:
    """A document and its offences so far, each once."""

    root: Object
    offences: list[Offence] = field(default_factory=list)
    _targets: dict[str, tuple[Any, JsonPath] | None] = field(default_factory=dict)  # many paths may have one reference

    @property
    def hopeless(self) -> bool:
        """Whether there are so many offences that reading on is useless."""
        return len(self.offences) >= OFFENCE_LIMIT

    def wrong(self, place: JsonPath, message: str, operation: str = "") -> None:
        """Record an offence at a place."""
        offence = Offence(place, message, operation)
        if not self.hopeless and offence not in self.offences:
            self.offences.append(offence)

    def object_at(self, value: Any, place: JsonPath, what: str) -> tuple[Object, JsonPath] | None:
        """Return an object and the place where it is written, after following references.

        Returns `None`, and records an offence, if there is none. The caller checks fields next to a `$ref`.
        """
        visited: set[str] = set()
        written_at = place
        while isinstance(value, Mapping) and "$ref" in value:
            reference = value["$ref"]
            target = self._target(reference)
            if target is None or reference in visited or len(visited) == REFERENCE_LIMIT:
                self.wrong((*place, "$ref"), f"does not refer to {what} in this document; write it out here")
                return None
            visited.add(reference)
            value, written_at = target
        if not isinstance(value, Mapping):
            self.wrong(place, f"must be {what}")
            return None
        return value, written_at

    def unknown_field(self, name: str, place: JsonPath, fields: tuple[str, ...], what: str) -> None:
        """Record a field that OpenAPI does not have there: a misspelt field would be ignored silently."""
        if name not in fields and not name.startswith("x-") and not self.hopeless:
            near = get_close_matches(name.lower(), fields, n=1, cutoff=0.7)
            hint = f"did you mean {near[0]}?" if near else "remove it, or start its name with x-"
            self.wrong((*place, name), f"is not a field of {what}; {hint}")

    def _target(self, reference: Any) -> tuple[Any, JsonPath] | None:
        if not isinstance(reference, str) or not reference.startswith("#/") or len(reference) > REFERENCE_LENGTH:
            return None
        if reference not in self._targets:
            self._targets[reference] = self._find(reference)
        return self._targets[reference]

    def _find(self, reference: str) -> tuple[Any, JsonPath] | None:
        node: Any = self.root
        place: list[str | int] = []
        for step in _steps(reference):
            if isinstance(node, list) and step.isdecimal() and step.isascii() and int(step[:9]) < len(node):
                node = node[int(step[:9])]
            elif isinstance(node, Mapping) and step in node:
                node = node[step]
            else:
                return None
            place.append(step)
        return node, tuple(place)


def listed(words: Iterable[str], separator: str) -> str:
    """Join the first words for a message: aliases can repeat a long word without limit."""
    return separator.join(word[:_SHOWN] for word in islice(words, _LISTED))[:_SHOWN]


def _steps(reference: str) -> Iterator[str]:
    for step in reference[2:].split("/"):
        yield unquote(step).replace("~1", "/").replace("~0", "~")


def _escaped(step: str) -> str:
    return step.replace("~", "~0").replace("/", "~1")
