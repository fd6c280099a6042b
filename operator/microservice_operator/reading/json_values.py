"""Reads JSON text as JSON values, by the rules of Go's decoder, and refuses duplicate keys."""

import json
import math
import re
from collections.abc import Iterator
from typing import Any

from .yaml_scalars import DIGITS_LIMIT, whole, within_64_bits
from .yaml_values import TWICE, BadYAML

_BLANK = re.compile(r"[ \t\n\r]*")


def looks_like_json(text: str) -> bool:
    """Return whether kubectl would try JSON before YAML."""
    return text.lstrip().startswith("{")


def read_json(text: str) -> Iterator[tuple[int, str, Any]]:
    """Yield every object of a text: the number of lines before it, its own text and its value.

    Raises BadYAML at the first error.
    """
    at = _end_of_blank(text, 0)
    while at < len(text):
        try:
            value, end = _DECODER.raw_decode(text, at)
        except json.JSONDecodeError as error:
            raise BadYAML(f"not valid JSON: {error.msg[:1].lower()}{error.msg[1:]}; correct it", error.lineno) from None
        except ValueError as error:
            raise BadYAML(str(error), 1) from None
        except RecursionError:
            raise BadYAML("it is nested too deeply; flatten it", 1) from None
        yield text.count("\n", 0, at), text[at:end], value
        at = _end_of_blank(text, end)


def _end_of_blank(text: str, at: int) -> int:
    found = _BLANK.match(text, at)
    return found.end() if found else at


def _mapping(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        keys = [key for key, _ in pairs]
        raise ValueError(f"{next(key for key in keys if keys.count(key) > 1)} {TWICE}; remove one of them")
    return found


def _integer(text: str) -> int | float:
    return within_64_bits(int(text)) if len(text) < DIGITS_LIMIT else _number(text)


def _number(text: str) -> int | float:
    found = float(text)
    if not math.isfinite(found):
        raise ValueError(f"{text[:40]} is a number that is too large; write a smaller one, or put it in quotes")
    return whole(found)


def _constant(text: str) -> Any:
    raise ValueError(f"{text} is not a JSON value; write a number, or put it in quotes")


_DECODER = json.JSONDecoder(
    object_pairs_hook=_mapping, parse_float=_number, parse_int=_integer, parse_constant=_constant
)
