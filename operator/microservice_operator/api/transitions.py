"""Applies the transition rules of every model to an old and a new spec, as the API server does on a change.

Items of a list are paired by their key, as in the API server.
"""

from collections.abc import Iterator
from typing import Any

from ..errors import Problem
from .base import Model


def refused_changes(new: Model, old: Model, path: str = "spec") -> Iterator[Problem]:
    """Yield a problem for every transition rule that the change from `old` to `new` breaks."""
    for rule in new.transitions:
        if not rule.holds(new, old):
            yield Problem(f"{path}.{rule.field}" if rule.field else path, rule.message)
    for name, field in type(new).model_fields.items():
        yield from _below(getattr(new, name), getattr(old, name), f"{path}.{field.alias or name}")


def _below(new: Any, old: Any, path: str) -> Iterator[Problem]:
    if isinstance(new, Model) and isinstance(old, Model):
        yield from refused_changes(new, old, path)
    elif isinstance(new, list) and isinstance(old, list):
        before = {item.name: item for item in old if hasattr(item, "name")}
        for index, item in enumerate(new):
            if isinstance(item, Model) and getattr(item, "name", None) in before:
                yield from refused_changes(item, before[getattr(item, "name", None)], f"{path}[{index}]")
