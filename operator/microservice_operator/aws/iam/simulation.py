"""PURE: the questions to `iam:SimulatePrincipalPolicy` that cover the operator's permissions."""

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from string import Template
from typing import Any

from .operator_permissions import Option, Right, rights

EXAMPLE = "conformance"  # stands for any name in an ARN


@dataclass(frozen=True)
class Question:
    """Actions of one service on one resource, under condition keys with their values."""

    service: str
    actions: tuple[str, ...]
    resource: str
    context: tuple[tuple[str, str], ...] = ()

    @property
    def parameters(self) -> dict[str, Any]:
        """The parameters of `SimulatePrincipalPolicy`, without the principal."""
        entries = [
            {"ContextKeyName": key, "ContextKeyValues": [value], "ContextKeyType": "string"}
            for key, value in self.context
        ]
        return {"ActionNames": list(self.actions), "ResourceArns": [self.resource], "ContextEntries": entries}


def questions(
    values: Mapping[str, str], services: Collection[str], options: Collection[Option] = ()
) -> tuple[Question, ...]:
    """Return the questions about the rights of `services`; `values` fills the placeholders of the rights.


    A resource or condition with a placeholder that `values` lacks is left out: the Environment does not use it.
    """
    asked = [right for right in rights(options) if right.service in services]
    return tuple(question for right in asked for question in _questions(right, values))


def denied(results: Iterable[Mapping[str, Any]]) -> set[str]:
    """Return the actions that an answer of `SimulatePrincipalPolicy` (its `EvaluationResults`) does not allow."""
    return {result["EvalActionName"] for result in results if result["EvalDecision"] != "allowed"}


def _questions(right: Right, values: Mapping[str, str]) -> Iterator[Question]:
    for pattern in right.resources:
        service_name = {"iam:AWSServiceName": pattern.split("/")[2]} if "aws-service-role/" in pattern else {}
        needed = {**dict(_conditions(right)), **service_name}
        context = {key: _filled(value.removesuffix("*"), values) for key, value in needed.items()}
        resource = _filled(pattern, values)
        if not any("${" in text for text in (resource, *context.values())):
            yield Question(right.service, right.granted, resource, tuple(sorted(context.items())))


def _conditions(right: Right) -> Iterator[tuple[str, str]]:
    """Yield each condition key of a right with a value that meets the condition."""
    for keys in right.condition.values():
        for key, value in keys.items():
            yield key, value if isinstance(value, str) else value[0]


def _filled(pattern: str, values: Mapping[str, str]) -> str:
    filled = Template(pattern).safe_substitute(values)
    return filled if filled == "*" else filled.replace("*", EXAMPLE)
