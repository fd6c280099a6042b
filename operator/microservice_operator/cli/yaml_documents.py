"""Reads files as kubectl does, into objects that know the lines of their fields."""

import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ..reading import BadYAML, line_of, read_resources

__all__ = ["STDIN", "BadYAML", "Document", "Unreadable", "documents", "file_name", "file_text"]

STDIN = Path("-")


class Unreadable(Exception):
    """A file or the cluster does not exist or cannot be read."""


@dataclass(frozen=True)
class Document:
    """One object of a file: the number of its document, its content as JSON types, and its position.

    `before` is the number of lines before the document's text, `within` the path to an item of a list.
    """

    file: str
    number: int
    content: Any
    text: str = ""
    before: int = 0
    within: tuple[str | int, ...] = ()

    def line(self, path: Sequence[str | int]) -> int:
        """Return the line of the field at `path`, or of its nearest parent that the file contains."""
        return self.before + line_of(self.text, [*self.within, *path])


def documents(file: Path) -> Iterator[Document]:
    """Yield every object of a file, and each item of a list; `-` reads standard input.

    Raises Unreadable, or BadYAML at the first error.
    """
    name, number = file_name(file), 0
    for before, text, content in read_resources(file_text(file)):
        number += bool(content is not None or text.strip() or number)
        if content is not None:
            yield from _items(Document(name, number, content, text, before))


def file_name(file: Path) -> str:
    """Return the name of a file in messages."""
    return "<stdin>" if file == STDIN else str(file)


def file_text(file: Path) -> str:
    """Return the text of a file.

    Raises Unreadable.
    """
    try:
        raw = sys.stdin.buffer.read() if file == STDIN else file.read_bytes()
        return raw.decode()
    except OSError as error:
        raise Unreadable(f"{file}: {error.strerror}") from None
    except UnicodeDecodeError:
        raise Unreadable(f"{file}: is not UTF-8 text") from None


def _items(document: Document) -> Iterator[Document]:
    """Yield the document, or the items of a list; items of a typed list may omit apiVersion and kind."""
    content = document.content
    kind = content.get("kind") if isinstance(content, dict) else None
    items = content.get("items") if isinstance(content, dict) else None
    if not isinstance(kind, str) or not kind.endswith("List") or not isinstance(items, list):
        yield document
        return
    typed = {"apiVersion": content.get("apiVersion"), "kind": kind.removesuffix("List")} if kind != "List" else {}
    for index, item in enumerate(items):
        whole = {**typed, **item} if isinstance(item, dict) else item
        within = (*document.within, "items", index)
        yield from _items(Document(document.file, document.number, whole, document.text, document.before, within))
