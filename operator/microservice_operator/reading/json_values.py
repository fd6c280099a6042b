"""Reads JSON text as JSON values, by the rules of Go's decoder, and refuses duplicate keys."""

import json
import math
import re
from collections.abc import Iterable, Iterator
from typing import Any

from .yaml_scalars import DIGITS_LIMIT, whole, within_64_bits
from .yaml_values import TWICE, BadYAML

_ESCAPE = re.compile(  # a whole pair; half of one; any other escape
    r"\\u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2}|(\\u[dD][89a-fA-F]..|[\ud800-\udfff])|\\.", re.DOTALL
)
_BLANK = re.compile(r"[ \t\n\r]*")


def looks_like_json(text: str) -> bool:
    """Return whether kubectl would try JSON before YAML."""
    return text.lstrip().startswith("{")


def read_json(text: str) -> Iterator[tuple[int, str, Any]]:
    """Yield every object of a text: the number of lines before it, its own text and its value.

    Raises BadYAML at the first error.
    """
    _check_characters(text)
    position, lines, counted = _end_of_blank(text, 0), 0, 0
    while position < len(text):
        lines, counted = lines + text.count("\n", counted, position), position
        try:
            value, end = _DECODER.raw_decode(text, position)
        except json.JSONDecodeError as error:
            raise BadYAML(f"not valid JSON: {error.msg[:1].lower()}{error.msg[1:]}; correct it", error.lineno) from None
        except ValueError as error:
            raise BadYAML(str(error), 1) from None
        except RecursionError:
            raise BadYAML("it is nested too deeply; flatten it", 1) from None
        yield lines, text[position:end], value
        position = _end_of_blank(text, end)


def _check_characters(text: str) -> None:
    """Refuse half of a surrogate pair: Python's decoder accepts it, but no message that repeats it can be sent."""
    for match in _ESCAPE.finditer(text):
        if match[1]:
            line = text.count("\n", 0, match.start()) + 1
            half = match[1].encode("ascii", "backslashreplace").decode()
            raise BadYAML(f"it contains half of a surrogate pair, {half}; write the whole character", line)


def _end_of_blank(text: str, position: int) -> int:
    match = _BLANK.match(text, position)
    return match.end() if match else position


def _mapping(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    result = dict(pairs)
    if len(result) < len(pairs):
        raise ValueError(f"{_duplicate(key for key, _ in pairs)[:60]} {TWICE}; remove one of them")
    return result


def _duplicate(keys: Iterable[str]) -> str:
    seen: set[str] = set()
    for key in keys:
        if key in seen:
            return key
        seen.add(key)
    raise AssertionError


def _integer(text: str) -> int | float:
    return within_64_bits(int(text)) if len(text) < DIGITS_LIMIT else _number(text)


def _number(text: str) -> int | float:
    number = float(text)
    if not math.isfinite(number):
        raise ValueError(f"{text[:40]} is a number that is too large; write a smaller one, or put it in quotes")
    return whole(number)


def _constant(text: str) -> Any:
    raise ValueError(f"{text} is not a JSON value; write a number, or put it in quotes")


_DECODER = json.JSONDecoder(
    object_pairs_hook=_mapping, parse_float=_number, parse_int=_integer, parse_constant=_constant
)
