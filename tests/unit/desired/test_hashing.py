"""The hash of a child depends only on its content."""

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from microservice_operator.desired.hashing import hashed
from microservice_operator.names import ANNOTATION_HASH

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=12,
)


def digest(body: dict[str, Any]) -> str:
    found: str = hashed(body)["metadata"]["annotations"][ANNOTATION_HASH]
    return found


def _reversed(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _reversed(item) for key, item in reversed(value.items())}
    return [_reversed(item) for item in value] if isinstance(value, list) else value


@settings(deadline=None)  # a shared machine is slow at times
@given(spec=JSON)
def test_order_of_keys_does_not_count(spec: Any) -> None:
    body = {"kind": "Service", "metadata": {"name": "a", "labels": {"x": "1"}}, "spec": spec}
    assert digest(body) == digest(_reversed(body))


@settings(deadline=None)  # a shared machine is slow at times
@given(spec=JSON)
def test_hashing_twice_changes_nothing(spec: Any) -> None:
    once = hashed({"metadata": {"annotations": {"own": "kept"}}, "spec": spec})
    assert hashed(once) == once
    assert once["metadata"]["annotations"]["own"] == "kept"


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ({"spec": {"a": 1}}, {"spec": {"a": 2}}),
        ({"spec": {"a": 1}}, {"spec": {"a": "1"}}),
        ({"spec": ["a", "b"]}, {"spec": ["b", "a"]}),
        ({"spec": {}}, {"spec": {"a": None}}),
    ],
)
def test_what_is_said_counts(one: dict[str, Any], other: dict[str, Any]) -> None:
    assert digest({"metadata": {}, **one}) != digest({"metadata": {}, **other})
