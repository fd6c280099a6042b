"""Every validation rule in Python; `tests/api` checks the API server with the same tables."""

from typing import Any

import pytest

from microservice_operator.api import parsing
from microservice_operator.api.transitions import refused_changes
from microservice_operator.errors import InvalidSpec
from tests.unit.api.examples import ChangeExample, RuleExample, change_examples, rule_examples, rules, transitions

RULES = rule_examples()
CHANGES = change_examples()


def parsed(body: dict[str, Any]) -> Any:
    """The object, as a watch would deliver it, through the door."""
    parse = parsing.microservice if body["kind"] == "Microservice" else parsing.environment
    return parse({**body, "metadata": {"uid": "", **body["metadata"]}})


def test_every_rule_has_an_example() -> None:
    assert {example.message for example in RULES} == rules()


def test_every_rule_about_a_change_has_an_example() -> None:
    assert {example.message for example in CHANGES} == transitions()


@pytest.mark.parametrize("example", RULES, ids=lambda example: example.message[:50])
def test_rule(example: RuleExample) -> None:
    parsed(example.good)
    with pytest.raises(InvalidSpec) as refused:
        parsed(example.bad)
    assert [problem.message for problem in refused.value.problems] == [example.message]


@pytest.mark.parametrize("example", CHANGES, ids=lambda example: example.message[:50])
def test_change(example: ChangeExample) -> None:
    old = parsed(example.old).spec
    assert not list(refused_changes(parsed(example.good).spec, old))
    assert [problem.message for problem in refused_changes(parsed(example.bad).spec, old)] == [example.message]
    assert not list(refused_changes(parsed(example.bad).spec, parsed({**example.old, "spec": {"image": "a"}}).spec))
