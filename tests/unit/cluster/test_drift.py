"""Which differences between desired and observed are manual edits, and which are defaults of the server."""

from typing import Any

import pytest

from microservice_operator.cluster.drift import drift

SAME: dict[str, tuple[Any, Any]] = {
    "what others add": ({"a": 1}, {"a": 1, "b": 2}),
    "a default of the server": ({"spec": {}}, {"spec": {"clusterIP": "10.0.0.1"}}),
    "an empty value left out": ({"a": "", "b": {}, "c": [], "d": False, "e": None}, {}),
    "a quantity rewritten": (
        {"limits": {"cpu": "0.5", "memory": "1024Mi"}},
        {"limits": {"cpu": "500m", "memory": "1Gi"}},
    ),
    "a quantity as a number": ({"requests": {"cpu": 1}}, {"requests": {"cpu": "1"}}),
    "a list in another order, by name": (
        {"env": [{"name": "a", "value": "1"}, {"name": "b", "value": "2"}]},
        {"env": [{"name": "b", "value": "2"}, {"name": "a", "value": "1"}]},
    ),
    "an item that others add, by name": ({"env": [{"name": "a"}]}, {"env": [{"name": "a"}, {"name": "theirs"}]}),
}
DIFFERENT: dict[str, tuple[Any, Any, str]] = {
    "a changed value": ({"a": {"b": 1}}, {"a": {"b": 2}}, ".a.b"),
    "a removed value": ({"a": {"b": 1}}, {"a": {}}, ".a.b"),
    "a removed item": ({"env": [{"name": "a"}, {"name": "b"}]}, {"env": [{"name": "a"}]}, ".env[b]"),
    "a changed item": ({"env": [{"name": "a", "value": "1"}]}, {"env": [{"name": "a", "value": "2"}]}, ".env[a].value"),
    "a longer plain list": ({"args": ["x"]}, {"args": ["x", "y"]}, ".args"),
    "a changed plain list": ({"args": ["x"]}, {"args": ["y"]}, ".args[0]"),
    "text that looks like the same number": ({"value": "1.0"}, {"value": "1"}, ".value"),
    "a number instead of text": ({"value": "1"}, {"value": 1}, ".value"),
    "true that was turned off": ({"on": True}, {}, ".on"),
    "another quantity": ({"limits": {"cpu": "500m"}}, {"limits": {"cpu": "600m"}}, ".limits.cpu"),
    "another type": ({"a": {"b": 1}}, {"a": [1]}, ".a"),
}


@pytest.mark.parametrize("case", SAME)
def test_no_drift(case: str) -> None:
    desired, observed = SAME[case]
    assert drift(desired, observed) == ""


@pytest.mark.parametrize("case", DIFFERENT)
def test_drift(case: str) -> None:
    desired, observed, path = DIFFERENT[case]
    assert drift(desired, observed) == path
