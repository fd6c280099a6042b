"""Converts pydantic's errors to messages for people: the field, what is wrong with it, and what to write instead.

A message repeats a value only if the schema has a pattern or a choice: such a field holds a name, never a secret.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from difflib import get_close_matches
from typing import Any, get_args

from pydantic import ValidationError

from ..errors import Problem
from .base import Model
from .patterns import WORDS

Path = Sequence[str | int]

_FEW = 16
_TYPES: Mapping[str, str] = {
    "string_type": "a string: put it in quotes",
    "int_type": "a whole number, without quotes",
    "bool_type": "true or false, without quotes",
    "list_type": "a list: start each item with a hyphen",
    "dict_type": "a mapping of names to values",
    "model_type": "an object with fields",
}
_KINDS = {bool: "a boolean", int: "a number", float: "a number", str: "a string", list: "a list", dict: "an object"}


def problems(error: ValidationError, model: type[Model], root: str = "spec") -> Iterator[Problem]:
    """Yield every validation error as a problem of a field below `root`: misspelt fields first, then the others.

    A missing field is not reported if a misspelt field was probably meant to be that field.
    """
    items = error.errors(include_url=False)
    meant = [_meant(item, model) for item in items]
    for item, misspelt in sorted(zip(items, meant, strict=True), key=lambda pair: pair[1] is None):
        if misspelt is None and item["type"] == "missing" and item["loc"] in meant:
            continue
        path = [part for part in item["loc"] if part != "[key]"]
        if item["type"] == "rule":
            for field, message in item["ctx"]["broken"]:
                yield Problem(_below(dotted(root, path), field), message)
        else:
            yield Problem(dotted(root, path), _sentence(item, model))


def dotted(root: str, path: Path) -> str:
    """Format a path: `spec` and `("tables", 0, "capacity")` → `spec.tables[0].capacity`."""
    return root + "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in path)


def closest(word: str, words: Sequence[str]) -> str | None:
    """Return the known word that was probably meant, `None` if no word is similar."""
    lowered = {name.lower(): name for name in words}
    matches = get_close_matches(word.lower().replace("_", ""), lowered, n=1, cutoff=0.7)
    return lowered[matches[0]] if matches else None


def nearest(word: str, words: Sequence[str]) -> str:
    """Return the known word that was probably meant, as a question; empty if no word is similar."""
    meant = closest(word, words)
    return f"did you mean {meant}?" if meant else ""


def missing_spec(model: type[Model]) -> str:
    """Say what a resource without a spec needs at least."""
    required = [str(field.alias) for field in model.model_fields.values() if field.is_required()]
    least = ", ".join(f"{name}: {name.upper()}" for name in required)
    example = ", as in examples/minimal.yaml" if required else ""
    return f"required; add at least spec: {{{least}}}{example}"


def _below(path: str, field: str) -> str:
    return path + (field if field.startswith("[") or not field else f".{field}")


def _sentence(item: Any, model: type[Model]) -> str:
    kind, value, context = item["type"], item["input"], item.get("ctx", {})
    if kind == "extra_forbidden":
        return _unknown_field(item["loc"], model)
    if kind in _TYPES:
        return f"is {_KINDS.get(type(value), 'of another type')}, must be {_TYPES[kind]}"
    write = _SENTENCES.get(kind)
    return write(value, context) if write else item["msg"][:1].lower() + item["msg"][1:]


def _meant(item: Any, model: type[Model]) -> tuple[str | int, ...] | None:
    """Return the path of the field that a misspelt field was probably meant to be; `None` for other errors."""
    if item["type"] != "extra_forbidden":
        return None
    *parent, name = item["loc"]
    field = closest(str(name), _fields_at(model, parent))
    return (*parent, field) if field else None


def _unknown_field(path: Path, model: type[Model]) -> str:
    fields = _fields_at(model, path[:-1])
    few = (
        f"the fields here are {', '.join(fields)}"
        if len(fields) <= _FEW
        else "see docs/reference/api.md for the fields"
    )
    return f"no such field; {nearest(str(path[-1]), fields) or few}"


def _fields_at(model: type[Model], path: Path) -> list[str]:
    for part in path:
        if isinstance(part, str):
            annotation = next(
                (field.annotation for name, field in model.model_fields.items() if part in (field.alias, name)), None
            )
            model = _model_in(annotation) or model
    return sorted(field.alias or name for name, field in model.model_fields.items())


def _model_in(annotation: Any) -> type[Model] | None:
    if isinstance(annotation, type) and issubclass(annotation, Model):
        return annotation
    return next((model for inner in get_args(annotation) if (model := _model_in(inner))), None)


def _choice(value: Any, context: Mapping[str, Any]) -> str:
    choices = [word.strip("' ") for word in context["expected"].replace(" or ", ",").split(",")]
    if isinstance(value, bool):
        return "is a boolean, because YAML reads y, n, yes, no, on and off as one; put it in quotes"
    hint = nearest(str(value), choices)
    return f"{value!r} is not one of {', '.join(choices)}" + (f"; {hint}" if hint else "; choose one of them")


def _pattern(value: Any, context: Mapping[str, Any]) -> str:
    return f"{str(value)[:60]!r} is not allowed here; use {WORDS[context['pattern']]}"


_SENTENCES: Mapping[str, Callable[[Any, Mapping[str, Any]], str]] = {
    "missing": lambda _found, _context: "required; add it",
    "literal_error": _choice,
    "string_pattern_mismatch": _pattern,
    "string_too_short": lambda _value, _context: "is empty or too short; set a longer value or remove it",
    "string_too_long": lambda value, context: (
        f"has {len(value)} characters, but at most {context['max_length']} are allowed; shorten it"
    ),
    "too_long": lambda value, context: (
        f"has {len(value)} items, but at most {context['max_length']} are allowed; remove some"
    ),
    "too_short": lambda _value, context: f"needs at least {context['min_length']} item; add one or remove the field",
    "greater_than_equal": lambda value, context: f"{value} is too small; use {context['ge']} or more",
    "less_than_equal": lambda value, context: f"{value} is too large; use {context['le']} or less",
}
