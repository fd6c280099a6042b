"""Base of all API models: camelCase on the wire, no unknown fields, validation rules next to the fields.

Each rule exists twice: in CEL for the API server, and in Python for the reconciler and `validate`. A test checks that
both give the same verdict on the same object.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, ClassVar, Self

from pydantic import BaseModel, ConfigDict, model_validator
from pydantic.alias_generators import to_camel
from pydantic_core import PydanticCustomError


@dataclass(frozen=True)
class Rule:
    """One validation rule of a model.

    `cel` sees the object as `self`; `holds` gets the parsed model; `message` says what is wrong and what to do;
    `field` is the path of the field that the error names, relative to the model.
    """

    cel: str
    holds: Callable[[Any], bool]
    message: str
    field: str = ""


@dataclass(frozen=True)
class Transition:
    """One rule about a change: `cel` sees `self` and `oldSelf`, `holds` gets the new and the old model."""

    cel: str
    holds: Callable[[Any, Any], bool]
    message: str
    field: str = ""


def refusal(*broken: tuple[str, str]) -> PydanticCustomError:
    """Build a validator's error from pairs of a path, relative to the validated value, and a message."""
    # a template, because pydantic would read braces in the message as placeholders
    text = "; ".join(message for _, message in broken)
    return PydanticCustomError("rule", "{message}", {"message": text, "broken": broken})


class Model(BaseModel):
    """Base of every API model.

    Strict, because the API server does not convert "8080" to 8080 either.
    """

    model_config = ConfigDict(
        alias_generator=to_camel,
        populate_by_name=True,
        extra="forbid",
        frozen=True,
        strict=True,
        use_attribute_docstrings=True,
    )
    rules: ClassVar[tuple[Rule, ...]] = ()
    transitions: ClassVar[tuple[Transition, ...]] = ()

    @model_validator(mode="before")
    @classmethod
    def _without_nulls(cls, value: Any) -> Any:
        # before it sets defaults, the API server drops `field: null` if the schema has the field
        if isinstance(value, dict):
            aliases = {field.alias for field in cls.model_fields.values()}
            return {key: item for key, item in value.items() if item is not None or key not in aliases}
        return value

    @model_validator(mode="after")
    def _rules_hold(self) -> Self:
        broken = [rule for rule in self.rules if not rule.holds(self)]
        if broken:
            raise refusal(*((rule.field, rule.message) for rule in broken))
        return self

    def manifest(self) -> dict[str, Any]:
        """Return the model as Kubernetes JSON: camelCase, without absent fields."""
        return self.model_dump(by_alias=True, exclude_none=True, mode="json")
