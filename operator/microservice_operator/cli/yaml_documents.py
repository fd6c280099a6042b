"""Files as the objects in them, read as kubectl reads them, each with the lines of its fields."""

import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ..reading import BadYAML, line_of, read_resources

__all__ = ["STDIN", "BadYAML", "Document", "Unreadable", "documents", "file_name", "file_text"]

STDIN = Path("-")


class Unreadable(Exception):
    """The file, or the cluster, is not there or may not be read."""


@dataclass(frozen=True)
class Document:
    """One object of a file: the number of its document, its content as JSON types, and where it is written.

    `before` are the lines of the file before the document's text, `within` the way to an item of a list.
    """

    file: str
    number: int
    content: Any
    text: str = ""
    before: int = 0
    within: tuple[str | int, ...] = ()

    def line(self, path: Sequence[str | int]) -> int:
        """Line of the field at `path`, or of the nearest field above it that is written."""
        return self.before + line_of(self.text, [*self.within, *path])


def documents(file: Path) -> Iterator[Document]:
    """Every object of a file, those of lists one by one; `-` is standard input.

    Raises Unreadable, or BadYAML at the first error.
    """
    name, number = file_name(file), 0
    for before, text, content in read_resources(file_text(file)):
        number += bool(content is not None or text.strip() or number)
        if content is not None:
            yield from _items(Document(name, number, content, text, before))


def file_name(file: Path) -> str:
    """What a file is called in messages."""
    return "<stdin>" if file == STDIN else str(file)


def file_text(file: Path) -> str:
    """What is in a file.

    Raises Unreadable.
    """
    try:
        raw = sys.stdin.buffer.read() if file == STDIN else file.read_bytes()
        return raw.decode()
    except OSError as error:
        raise Unreadable(f"{file}: {error.strerror}") from None
    except UnicodeDecodeError:
        raise Unreadable(f"{file}: is no UTF-8 text") from None


def _items(document: Document) -> Iterator[Document]:
    """The document, or what a list holds; items of a list of one kind need not name it."""
    content = document.content
    kind = content.get("kind") if isinstance(content, dict) else None
    items = content.get("items") if isinstance(content, dict) else None
    if not isinstance(kind, str) or not kind.endswith("List") or not isinstance(items, list):
        yield document
        return
    named = {"apiVersion": content.get("apiVersion"), "kind": kind.removesuffix("List")} if kind != "List" else {}
    for at, item in enumerate(items):
        whole = {**named, **item} if isinstance(item, dict) else item
        within = (*document.within, "items", at)
        yield from _items(Document(document.file, document.number, whole, document.text, document.before, within))
