"""Any content of an object is refused with a message or ignored; it never causes an internal error."""

import json
from contextlib import suppress
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from microservice_operator.api import parsing
from microservice_operator.api.microservice import MicroserviceSpec
from microservice_operator.environment_selection import Used
from microservice_operator.errors import InvalidSpec
from microservice_operator.external.clients import ExternalClients
from microservice_operator.external.reconcile import ExternalReconciler
from microservice_operator.external.topic_refs import admits, remembered
from microservice_operator.raw_objects import json_mapping, json_value
from microservice_operator.watched_resources import WatchedResources

NAMES = st.sampled_from([field.alias or name for name, field in MicroserviceSpec.model_fields.items()])
SCALARS = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=8)
INNER = st.sampled_from(["name", "from", "microservice", "topic", "queue", "table", "adopt", "deletionPolicy", "aws"])
JSON = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(INNER | st.text(max_size=4), inner, max_size=4),
    max_leaves=12,
)
SPECS = st.dictionaries(NAMES, JSON, max_size=8) | JSON


def body(spec: Any) -> dict[str, Any]:
    return {"metadata": {"namespace": "shop", "name": "a", "uid": "u", "resourceVersion": "1"}, "spec": spec}


@pytest.fixture(scope="module")
def external() -> ExternalReconciler:
    """Only functions that read specs use it."""
    nothing: Any = None
    return ExternalReconciler(ExternalClients(nothing, "cluster", nothing, nothing, nothing, resync=1))


@given(SPECS)
@example({"subscriptions": [{"topic": {"microservice": ["x"], "name": {}}}], "dependencies": [{"name": []}]})
@example({"access": {"from": "everybody"}, "tables": {"name": 1}, "topics": [None, [], {"name": {}}]})
def test_a_spec_of_any_shape(external: ExternalReconciler, spec: Any) -> None:
    world = WatchedResources(lambda _key: None)
    found = body(spec)
    world.upsert_microservice(found)
    with suppress(InvalidSpec):
        parsing.microservice(found)
    assert admits(spec, "b") in (True, False, None)
    external.everything(spec, None, {})
    world.dependency(("shop", "a"))
    world.remove_microservice(found)


@given(JSON, st.dictionaries(st.text(max_size=4), st.text(max_size=8), max_size=3))
def test_an_environment_of_any_shape(spec: Any, labels: dict[str, str]) -> None:
    world = WatchedResources(lambda _key: None)
    world.upsert_environment({"metadata": {"name": "e", "uid": "u"}, "spec": spec})
    world.upsert_namespace({"metadata": {"name": "shop", "labels": labels}})
    with suppress(InvalidSpec):
        found, _ = world.environment_of("shop", "e", Used())
        assert found is not None
        world.admits(found, "shop")


@given(JSON)
def test_a_status_of_any_shape_has_no_topic(status: Any) -> None:
    assert remembered(status, "created") == ""


@pytest.mark.parametrize("written", [None, "", "null", "[1]", '"{}"', "{", "[" * 5000, '{"a": ' * 5000, "\ud800"])
def test_a_text_that_holds_no_json_object_is_an_empty_one(written: str | None) -> None:
    assert json_mapping(written) == {}


@given(st.dictionaries(st.text(), st.text() | st.booleans()), st.integers(1, 3000), st.sampled_from(["[]", "{}"]))
def test_what_nests_too_deep_hides_nothing_beside_it(beside: dict[str, Any], levels: int, kind: str) -> None:
    opening, closing = ("[", "]") if kind == "[]" else ('{"a\\"[": ', "}")
    deep = opening * levels + "1" + closing * levels
    text = '{"before": %s, "deep": %s, "after": %s}'
    raw = (text % (json.dumps(beside), deep, json.dumps(beside))).encode()
    found = json_value(raw)
    assert (found["before"], found["after"]) == (beside, beside)


@pytest.mark.timeout(60)  # if each quote of the last text were searched for its end, this would take hours
def test_invalid_json_is_reported() -> None:
    for raw in (b"", b"{", b'{"a": ' + b"[" * 3000, b"]" * 3000, b'{"' + b'\\"' * 1_000_000):
        with pytest.raises(ValueError, match=r".*"):
            json_value(raw)


@pytest.mark.parametrize("depth", [33, 260, 900])
def test_a_document_that_nests_without_reason_is_refused_in_words(external: ExternalReconciler, depth: int) -> None:
    document: Any = ["x"]
    for level in range(depth):
        document = {"a": document} if level % 2 else [document]
    subscription = {"topic": {"microservice": "b", "name": "t"}, "queue": "q", "filterPolicy": {"a": document}}
    spec = {"image": "registry.example/shop/a:1", "subscriptions": [subscription]}
    found = body(spec)
    WatchedResources(lambda _key: None).upsert_microservice(found)
    with pytest.raises(InvalidSpec, match=r"spec\.subscriptions\[0\]\.filterPolicy: nests deeper than 32 levels"):
        parsing.microservice(found)
    external.everything(spec, None, {})
