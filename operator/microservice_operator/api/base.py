"""What every model of the API shares: camelCase on the wire, nothing unknown accepted, rules beside the fields.

A rule is stated twice, in CEL for the API server and in Python for the reconciler and for `validate`; a test holds that
both say the same of the same object.
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

    `cel` sees the object as `self`; `holds` sees the parsed model; `message` says what is wrong and what to do;
    `field` is the path below the model that the error is shown at.
    """

    cel: str
    holds: Callable[[Any], bool]
    message: str
    field: str = ""


@dataclass(frozen=True)
class Transition:
    """One rule about a change: `cel` sees `self` and `oldSelf`, `holds` the new and the old model."""

    cel: str
    holds: Callable[[Any, Any], bool]
    message: str
    field: str = ""


def refusal(*broken: tuple[str, str]) -> PydanticCustomError:
    """The error of a validator: pairs of a path below the value at hand and a sentence."""
    # a template, because braces in the sentence would be read as placeholders
    text = "; ".join(message for _, message in broken)
    return PydanticCustomError("rule", "{message}", {"message": text, "broken": broken})


class Model(BaseModel):
    """Base of every API model.

    Strict, because the API server never turns "8080" into 8080 either.
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
        # the API server drops `field: null` of a field that it knows before it sets defaults
        if isinstance(value, dict):
            known = {field.alias for field in cls.model_fields.values()}
            return {key: item for key, item in value.items() if item is not None or key not in known}
        return value

    @model_validator(mode="after")
    def _rules_hold(self) -> Self:
        broken = [rule for rule in self.rules if not rule.holds(self)]
        if broken:
            raise refusal(*((rule.field, rule.message) for rule in broken))
        return self

    def manifest(self) -> dict[str, Any]:
        """The model as Kubernetes JSON: camelCase, absent fields left out."""
        return self.model_dump(by_alias=True, exclude_none=True, mode="json")
