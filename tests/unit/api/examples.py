"""The tables of this folder, `rules.yaml` and `changes.yaml`, as objects; the tests of the API server read them too."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, get_args

import yaml

from microservice_operator.api.base import Model, Rule, Transition
from microservice_operator.api.environment import EnvironmentSpec
from microservice_operator.api.microservice import MicroserviceSpec
from microservice_operator.api.resource_rules import ENVIRONMENT_RULES, MICROSERVICE_RULES
from microservice_operator.names import API_VERSION

HERE = Path(__file__).parent
SPECS: tuple[type[Model], ...] = (MicroserviceSpec, EnvironmentSpec)


@dataclass(frozen=True)
class RuleExample:
    """A rule by its message, one object that breaks it and one that does not."""

    message: str
    bad: dict[str, Any]
    good: dict[str, Any]


@dataclass(frozen=True)
class ChangeExample:
    """A rule about a change by its message: a first version, and a bad and a good second one."""

    message: str
    old: dict[str, Any]
    bad: dict[str, Any]
    good: dict[str, Any]


def resource(spec: dict[str, Any], kind: str = "Microservice", name: str = "order") -> dict[str, Any]:
    """A whole object around a spec; a Microservice's image is added."""
    image = {"image": "registry.example/order:1"} if kind == "Microservice" else {}
    metadata = {"name": name, **({"namespace": "default"} if kind == "Microservice" else {})}
    return {"apiVersion": API_VERSION, "kind": kind, "metadata": metadata, "spec": {**image, **spec}}


def rule_examples() -> list[RuleExample]:
    """Every row of `rules.yaml`."""
    return [
        RuleExample(row["rule"], _object(row, row["bad"], "badName"), _object(row, row["good"]))
        for row in _rows("rules.yaml")
    ]


def change_examples() -> list[ChangeExample]:
    """Every row of `changes.yaml`."""
    return [
        ChangeExample(row["rule"], resource(row["old"]), resource(row["bad"]), resource(row["good"]))
        for row in _rows("changes.yaml")
    ]


def rules() -> set[str]:
    """Messages of every rule that there is."""
    whole: tuple[Rule, ...] = (*MICROSERVICE_RULES, *ENVIRONMENT_RULES)
    return {rule.message for rule in whole} | {rule.message for model in models() for rule in model.rules}


def transitions() -> set[str]:
    """Messages of every rule about a change."""
    found: set[Transition] = {rule for model in models() for rule in model.transitions}
    return {rule.message for rule in found}


def models() -> set[type[Model]]:
    """Every model in the two specs."""
    return {model for spec in SPECS for model in _reachable(spec)}


def _reachable(annotation: Any) -> Iterator[type[Model]]:
    if isinstance(annotation, type) and issubclass(annotation, Model):
        yield annotation
        for field in annotation.model_fields.values():
            yield from _reachable(field.annotation)
    else:
        for inner in get_args(annotation):
            yield from _reachable(inner)


def _object(row: dict[str, Any], spec: dict[str, Any], name: str = "name") -> dict[str, Any]:
    return resource(spec, row.get("kind", "Microservice"), row.get(name, row.get("name", "order")))


def _rows(file: str) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = yaml.safe_load((HERE / file).read_text(encoding="utf-8"))
    return rows
