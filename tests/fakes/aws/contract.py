"""Checks every call of botocore in this process against the model of its service, which AWS writes.

The emulator takes almost anything. botocore checks names and types of members and the least of a length or number;
the models also hold enums, patterns and the most. `tag_rules` has what they only say in words about tags.
"""

from collections.abc import Iterator
from functools import cache
from typing import Any

import botocore.handlers
import regex  # the models use Unicode properties, which `re` does not know
from botocore.model import ListShape, MapShape, OperationModel, Shape, StringShape, StructureShape

from tests.fakes.aws.tag_rules import tag_offences

EVENT = "before-parameter-build"
SURROGATES = (r"\uD800\uDC00-\uDBFF\uDFFF", r"\U00010000-\U0010FFFF")  # as Java writes a range, and as Python does
OFFENCES: list[str] = []


def watch() -> None:
    """Check the calls of all clients that are made from now on."""
    if (EVENT, record) not in botocore.handlers.BUILTIN_HANDLERS:
        botocore.handlers.BUILTIN_HANDLERS.append((EVENT, record))


def record(params: dict[str, Any], model: OperationModel, **_: Any) -> None:
    """Remember what is wrong with one call; its test is failed later, because an error here would be handled."""
    if model.input_shape is not None:
        name = f"{model.service_model.service_name}:{model.name}"
        OFFENCES.extend(f"{name}: {offence}" for offence in offences(model.input_shape, params))
        OFFENCES.extend(f"{name}: {offence}" for offence in tag_offences(model.service_model.service_name, params))


def taken() -> list[str]:
    """What was wrong since the last time."""
    found = OFFENCES[:]
    OFFENCES.clear()
    return found


def offences(shape: Shape, value: Any, at: str = "input") -> Iterator[str]:
    """What the shape forbids about the value."""
    if isinstance(shape, StructureShape):
        yield from (f"{at} lacks {name}" for name in shape.required_members if name not in value)
        for name, member in value.items():
            if name in shape.members:
                yield from offences(shape.members[name], member, f"{at}.{name}")
            else:
                yield f"{at}.{name} is not in the model"
    elif isinstance(shape, ListShape):
        yield from _outside(shape, len(value), f"{at}: number of items")
        for number, item in enumerate(value):
            yield from offences(shape.member, item, f"{at}[{number}]")
    elif isinstance(shape, MapShape):
        yield from _outside(shape, len(value), f"{at}: number of keys")
        for key, item in value.items():
            yield from offences(shape.key, key, f"{at}: key")
            yield from offences(shape.value, item, f"{at}[{key}]")
    elif isinstance(shape, StringShape):
        yield from _of_text(shape, value, at)
    elif shape.type_name in ("integer", "long", "float", "double"):
        yield from _outside(shape, value, at)


def _of_text(shape: StringShape, value: str, at: str) -> Iterator[str]:
    yield from _outside(shape, len(value), f"{at}: length")
    if shape.enum and value not in shape.enum:
        yield f"{at} is {value}, not one of {', '.join(shape.enum)}"
    pattern = shape.metadata.get("pattern")
    if pattern and not _compiled(pattern).fullmatch(value):
        yield f"{at} is {value}, which does not match {pattern}"


def _outside(shape: Shape, size: float, what: str) -> Iterator[str]:
    low, high = shape.metadata.get("min"), shape.metadata.get("max")
    if (low is not None and size < low) or (high is not None and size > high):
        yield f"{what} is {size}, not {low} to {high}"


@cache
def _compiled(pattern: str) -> Any:
    return regex.compile(pattern.replace(*SURROGATES))
