"""Reads text that people write as JSON values: resources as kubectl reads them, OpenAPI documents as YAML 1.2."""

import re
from collections.abc import Iterator
from itertools import islice
from typing import Any

from .json_values import looks_like_json, read_json
from .yaml_lines import chunks, line_of
from .yaml_values import CORE, KUBERNETES, TWICE, BadYAML, read_yaml

_QUOTED = re.compile(r'\s*\{\s*["}]')  # what follows the brace in JSON
__all__ = ["BadYAML", "line_of", "read_one", "read_resources"]


Read = tuple[int, str, Any]  # number of lines before a document, its text, its value


def read_resources(text: str) -> Iterator[Read]:
    """Yield every document of a file of resources; the value of an empty one is `None`.

    Raises BadYAML, with the line in the file, at the first error.
    """
    documents, wrong = _as_json(text)
    if documents:
        yield from documents
        return
    try:
        for before, chunk in chunks(text):
            try:
                yield before, chunk, read_yaml(chunk, KUBERNETES)
            except BadYAML as error:
                raise BadYAML(str(error), error.line + before) from None
    except BadYAML as error:
        raise _nearer(text, wrong, error) from None


def read_one(text: str) -> Any:
    """Read the only document of a text that is YAML 1.2 or JSON.

    Raises BadYAML if it cannot be read.
    """
    text = text.removeprefix("\ufeff")
    documents, wrong = _as_json(text, 2)
    if len(documents) == 1:
        return documents[0][2]
    try:
        return read_yaml(text, CORE)
    except BadYAML as error:
        raise _nearer(text, wrong, error) from None


def _as_json(text: str, limit: int | None = None) -> tuple[list[Read], BadYAML | None]:
    """Read all objects of a text that is JSON, or the first `limit`.

    For another text, return none, and the error if it looks like JSON.
    """
    if not looks_like_json(text):
        return [], None
    try:
        return list(islice(read_json(text), limit)), None
    except BadYAML as error:
        return [], error


def _nearer(text: str, as_json: BadYAML | None, as_yaml: BadYAML) -> BadYAML:
    """Choose the more helpful error for a text that is neither JSON nor YAML."""
    if as_json is None or TWICE in str(as_yaml):  # Python's JSON decoder does not know the line of a duplicate key
        return as_yaml
    return as_json if _QUOTED.match(text) else as_yaml
