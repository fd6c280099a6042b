"""Messages about an invalid spec: the field and the remedy, in one sentence without a full stop."""

from collections.abc import Iterator
from typing import Any

import pytest

from microservice_operator.api import parsing
from microservice_operator.api.environment import EnvironmentSpec
from microservice_operator.api.microservice import MicroserviceSpec
from microservice_operator.api.patterns import WORDS, pattern
from microservice_operator.errors import InvalidSpec
from tests.unit.api.examples import resource

SENTENCES: list[tuple[dict[str, Any], str, str]] = [
    ({"imge": "a"}, "spec.imge", "no such field; did you mean image?"),
    ({"zzz": 1}, "spec.zzz", "no such field; see docs/reference/api.md for the fields"),
    ({"hostNetwork": []}, "spec.hostNetwork", "no such field; see docs/reference/api.md for the fields"),
    ({"labels": {}}, "spec.labels", "no such field; did you mean podLabels?"),
    ({"readyProbe": {}}, "spec.readyProbe", "no such field; did you mean readinessProbe?"),
    (
        {"tables": [{"name": "a", "partitionKey": {"name": "b", "type": False}}]},
        "spec.tables[0].partitionKey.type",
        "is a boolean, because YAML reads y, n, yes, no, on and off as one; put it in quotes",
    ),
    ({"metrics": {"zzz": 1}}, "spec.metrics.zzz", "no such field; the fields here are interval, path, port"),
    ({"tables": [{}]}, "spec.tables[0].name", "required; add it"),
    ({"suspend": "yes"}, "spec.suspend", "is a string, must be true or false, without quotes"),
    ({"suspend": 1}, "spec.suspend", "is a number, must be true or false, without quotes"),
    ({"replicas": True}, "spec.replicas", "is a boolean, must be a whole number, without quotes"),
    ({"replicas": 1.5}, "spec.replicas", "is a number, must be a whole number, without quotes"),
    ({"replicas": -1}, "spec.replicas", "-1 is too small; use 0 or more"),
    ({"replicas": 10**6}, "spec.replicas", "1000000 is too large; use 10000 or less"),
    ({"image": 3}, "spec.image", "is a number, must be a string: put it in quotes"),
    ({"image": ""}, "spec.image", "is empty or too short; set a longer value or remove it"),
    ({"image": "a" * 600}, "spec.image", "has 600 characters, but at most 512 are allowed; shorten it"),
    ({"image": "a b"}, "spec.image", "'a b' is not allowed here; use no spaces"),
    ({"command": "serve"}, "spec.command", "is a string, must be a list: start each item with a hyphen"),
    (
        {"tags": {"unit": "R&D"}},
        "spec.tags.unit",
        "'R&D' is not allowed here; use letters, digits, inner spaces and _ . : / = + - @",
    ),
    ({"tags": []}, "spec.tags", "is a list, must be a mapping of names to values"),
    ({"service": "LoadBalancer"}, "spec.service", "is a string, must be an object with fields"),
    (
        {"access": {"to": [{"host": "a.example.com", "ports": []}]}},
        "spec.access.to[0].ports",
        "needs at least 1 item; add one or remove the field",
    ),
    ({"command": ["a"] * 65}, "spec.command", "has 65 items, but at most 64 are allowed; remove some"),
    (
        {"databases": [{"name": "Orders"}]},
        "spec.databases[0].name",
        "'Orders' is not allowed here; use lower-case letters, digits and single hyphens, starting with a letter",
    ),
    (
        {"databases": [{"name": "orders", "credentials": {"rotationInterval": "30d"}}]},
        "spec.databases[0].credentials.rotationInterval",
        "'30d' is not allowed here; use a duration in h, m and s, such as 720h or 1h30m",
    ),
    (
        {"databases": [{"name": "orders", "restoreFrom": {"snapshotIdentifier": "Orders"}}]},
        "spec.databases[0].restoreFrom.snapshotIdentifier",
        "'Orders' is not allowed here; use the identifier of a DB snapshot, such as orders-before or "
        "rds:orders-2026-11-29-03-00",
    ),
    (
        {"imagePullPolicy": "Sometimes"},
        "spec.imagePullPolicy",
        "'Sometimes' is not one of Always, IfNotPresent, Never; choose one of them",
    ),
    (
        {"readinessProbe": {"tcpSocket": {"port": 0}}},
        "spec.readinessProbe.tcpSocket.port",
        "0 is not a port; write one such as 8080 or the name of a port",
    ),
    (
        {"strategy": {"rollingUpdate": {"maxSurge": "25"}}},
        "spec.strategy.rollingUpdate.maxSurge",
        "'25' is not a number or percentage; write one such as 1 or 25%",
    ),
    (
        {"env": [{"name": "A"}, {"name": "A"}]},
        "spec.env[1]",
        "name A appears twice; remove or rename one of them",
    ),
]


def problems(spec: dict[str, Any], name: str = "order") -> list[tuple[str, str]]:
    """Field and message of everything that is wrong."""
    body = resource(spec, name=name)
    with pytest.raises(InvalidSpec) as refused:
        parsing.microservice({**body, "metadata": {"uid": "", **body["metadata"]}})
    return [(problem.field, problem.message) for problem in refused.value.problems]


@pytest.mark.parametrize(("spec", "field", "message"), SENTENCES, ids=[row[1] + row[2][:20] for row in SENTENCES])
def test_sentence(spec: dict[str, Any], field: str, message: str) -> None:
    assert (field, message) in problems(spec)


def test_every_wrong_field_is_named_at_once() -> None:
    found = problems({"replicas": "2", "suspend": "no", "env": [{"value": 1}]})
    assert [field for field, _ in found] == ["spec.suspend", "spec.replicas", "spec.env[0].name", "spec.env[0].value"]


def test_misspelt_fields_come_first_and_explain_missing_ones() -> None:
    found = problems({"image": None, "imgae": "a", "replicas": "2", "tables": [{"nmae": "a"}], "zzz": 1})
    assert found[:2] == [
        ("spec.tables[0].nmae", "no such field; did you mean name?"),
        ("spec.imgae", "no such field; did you mean image?"),
    ]
    assert {field for field, _ in found[2:]} == {"spec.replicas", "spec.zzz", "spec.tables[0].partitionKey"}


def test_every_broken_rule_is_named_at_once() -> None:
    found = problems({"replicas": 2, "autoscaling": {"maxReplicas": 3}, "metrics": {"port": "x"}})
    assert [field for field, _ in found] == ["spec.replicas", "spec.metrics.port"]


def test_a_value_that_may_be_secret_is_not_repeated() -> None:
    assert "hunter2" not in str(problems({"env": [{"name": "A", "value": ["hunter2"]}], "args": "hunter2"}))


def _patterns(schema: object) -> Iterator[str]:
    if isinstance(schema, dict):
        if isinstance(schema.get("pattern"), str) and "x-kubernetes-int-or-string" not in schema:
            yield schema["pattern"]
        schema = list(schema.values())
    if isinstance(schema, list):
        for inner in schema:
            yield from _patterns(inner)


@pytest.mark.parametrize("model", [MicroserviceSpec, EnvironmentSpec])
def test_no_message_shows_a_regular_expression(model: type[MicroserviceSpec | EnvironmentSpec]) -> None:
    patterns = set(_patterns(model.model_json_schema()))
    assert len(patterns) > 15
    assert patterns - set(WORDS) == set()


def test_a_pattern_has_the_same_words_everywhere() -> None:
    with pytest.raises(ValueError, match="use the same words"):
        pattern(next(iter(WORDS)), "something else")
