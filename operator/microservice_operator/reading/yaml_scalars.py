"""PURE: converts YAML scalars to values, by the rules of kubectl or by the core schema of YAML 1.2.

kubectl reads with sigs.k8s.io/yaml, which is go.yaml.in/yaml/v2: YAML 1.1 without base 60 numbers and without dates,
and with integers as Go writes them. A test compares this with the output of kubectl itself. OpenAPI documents are YAML
1.2 ("Format" in the OpenAPI specification), where `no` and `y` are strings.
"""

import base64
import binascii
import math
import re
from typing import Any

_PREFIX = "tag:yaml.org,2002:"
UNTAGGED = ""  # plain, without a tag
STRING, MERGE = f"{_PREFIX}str", f"{_PREFIX}merge"
_BINARY, _DATE = f"{_PREFIX}binary", f"{_PREFIX}timestamp"
_KNOWN = {f"{_PREFIX}{name}": name for name in ("bool", "int", "float", "null")}
_TRUE = frozenset({"y", "Y", "yes", "Yes", "YES", "true", "True", "TRUE", "on", "On", "ON"})
_FALSE = frozenset({"n", "N", "no", "No", "NO", "false", "False", "FALSE", "off", "Off", "OFF"})
_NULL = frozenset({"", "~", "null", "Null", "NULL"})
_NO_NUMBER = re.compile(r"^([-+]?\.(inf|Inf|INF)|\.(nan|NaN|NAN))$")
_GO_FLOAT = re.compile(r"^[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?$", re.ASCII)
_LOOSE = re.compile(r"(?<![0-9])_|_(?![0-9])")
_BASES = {"0x": 16, "0X": 16, "0o": 8, "0O": 8, "0b": 2, "0B": 2}
_DIGITS = {2: re.compile(r"^[01]+$"), 8: re.compile(r"^[0-7]+$"), 10: re.compile(r"^[0-9]+$", re.ASCII)}
_DIGITS[16] = re.compile(r"^[0-9a-fA-F]+$")
_CORE_INT = re.compile(r"^([-+]?[0-9]+|0o[0-7]+|0x[0-9a-fA-F]+)$", re.ASCII)
_INT64, _UINT64 = 2**63, 2**64
DIGITS_LIMIT = 400  # no float has more before its point; Python refuses to read several thousand digits


def kubernetes_value(tag: str, text: str) -> Any:
    """Return the value that `kubectl apply` would send.

    Raises ValueError if kubectl refuses it.
    """
    if tag == _BINARY:
        return _decoded(text)
    if tag not in (UNTAGGED, *_KNOWN):
        return text
    value = _go(text)
    name = _KNOWN.get(tag)
    if name and _name(value) != name and not (name == "float" and _name(value) == "int"):
        raise ValueError(f"{text[:40]!r} is not a valid {name}, as its tag says; remove the tag")
    if isinstance(value, float) and not math.isfinite(value):
        raise ValueError(f"{text[:40]!r} is not a JSON number; write a number, or put it in quotes")
    if isinstance(value, float):
        return whole(value)
    return within_64_bits(value) if _name(value) == "int" else value


def kubernetes_key(tag: str, text: str) -> str:
    """Return the field name that `kubectl apply` would send: `8` for 010, `true` for y.

    Raises ValueError if kubectl refuses it, and for fractions, whose digits kubectl rounds.
    """
    value = kubernetes_value(tag, text)
    if value is None:
        raise ValueError("a key is empty or null; write it in quotes")
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float) or (_name(value) == "int" and isinstance(_go(text), float)):
        raise ValueError(f"the key {text[:40]} is a number with a fraction; put it in quotes")
    return str(value)


def core_value(tag: str, text: str) -> Any:
    """Return the value by the core schema of YAML 1.2.

    Raises ValueError for a tag that has no meaning in JSON.
    """
    if tag in (STRING, _DATE, _BINARY):
        return text
    if tag not in (UNTAGGED, *_KNOWN):
        raise ValueError(f"it has the tag {tag[:40]}, which has no meaning here; write the value out")
    if text in _NULL:
        return None
    if text in ("true", "True", "TRUE", "false", "False", "FALSE"):
        return text[0] in "tT"
    if len(text) > DIGITS_LIMIT or not (_CORE_INT.match(text) or _GO_FLOAT.match(text)):
        return text
    if not _CORE_INT.match(text):
        return float(text)
    return int(text[2:], 16 if text[1] == "x" else 8) if text[1:2] in ("x", "o") else int(text)


def core_key(tag: str, text: str) -> str:
    """Return the key as it is written ("Format" in the OpenAPI specification).

    Raises ValueError for a tag that has no meaning in JSON.
    """
    core_value(tag, text)
    return text


def _decoded(text: str) -> str:
    try:
        return base64.b64decode(text.replace("\r", "").replace("\n", ""), validate=True).decode(errors="replace")
    except binascii.Error:
        raise ValueError("the value of !!binary is not base64; correct it") from None


def _go(text: str) -> Any:
    """Resolve a plain scalar like `resolve` in go.yaml.in/yaml/v2."""
    if text in _NULL:
        return None
    if text in _TRUE or text in _FALSE:
        return text in _TRUE
    if _NO_NUMBER.match(text):
        return float(text.replace(".", "", 1))
    return _number(text) if len(text) <= DIGITS_LIMIT and text[0] in "+-.0123456789" else text


def _number(text: str) -> Any:
    # ParseFloat reads a number that starts with a point, and needs a digit on both sides of an underscore
    plain = text.replace("_", "") if text[0] != "." or not _LOOSE.search(text) else text
    number = _integer(plain)
    if number is not None:
        return number
    return as_float if _GO_FLOAT.match(plain) and math.isfinite(as_float := float(plain)) else text


def _integer(plain: str) -> int | None:
    """Parse like `strconv.ParseInt` and `ParseUint` with base 0: 0x1F, 0o17, 017, 0b11; otherwise `None`."""
    sign, digits = (plain[0], plain[1:]) if plain[:1] in ("+", "-") else ("", plain)
    base = _BASES.get(digits[:2], 8 if len(digits) > 1 and digits[0] == "0" else 10)
    digits = digits[2:] if digits[:2] in _BASES else digits
    if not _DIGITS[base].match(digits):
        return None
    number = int(f"{sign}{digits}", base)
    limit = _INT64 if sign else _UINT64
    return number if -_INT64 <= number < limit else None


def whole(number: float) -> int | float:
    """Convert 2.0 to 2, because JSON has only one type of number."""
    return int(number) if number.is_integer() and -_INT64 <= number < _INT64 else number


def within_64_bits(number: int) -> int | float:
    """Convert a number beyond 64 bits to a float, as Kubernetes does.

    Raises ValueError if it is too large for one.
    """
    try:
        return number if -_INT64 <= number < _INT64 else float(number)
    except OverflowError:
        raise ValueError(f"{str(number)[:40]} is a number that is too large; put it in quotes") from None


def _name(value: Any) -> str:
    return {bool: "bool", int: "int", float: "float", type(None): "null"}.get(type(value), "str")
