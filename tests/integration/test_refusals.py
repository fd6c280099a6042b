"""Real refusals of the API server, which `cluster.refusals` classifies."""

from typing import Any

import pytest

from microservice_operator.cluster.api_client import APPLY_PATCH, JSON_PATCH, MERGE_PATCH, ApiError
from microservice_operator.cluster.api_errors import changed_meanwhile, is_another
from microservice_operator.cluster.kinds import CHILDREN, MICROSERVICE
from microservice_operator.errors import Gone

from .api import Api, Refused
from .namespace import Namespace
from .stage import Stage

OTHER = "00000000-0000-4000-8000-000000000000"
SERVICE = CHILDREN["Service"]


def refused(api: Api, method: str, path: str, body: Any, content_type: str) -> ApiError:
    with pytest.raises(Refused) as answer:
        api.request(method, path, body, content_type)
    return ApiError(answer.value.code, answer.value.status, f"{method} {path}")


@pytest.fixture
def druid(namespace: Namespace) -> Namespace:
    """A Microservice whose name holds what a careless reader of messages looks for."""
    namespace.create("druid")
    namespace.until_ready("druid")
    return namespace


def test_a_lost_race_and_another_object_are_told_apart(druid: Namespace) -> None:
    path = MICROSERVICE.path(druid.name, "druid")
    old = {"metadata": {"resourceVersion": "1", "labels": {"a": "b"}}}
    conflict = refused(druid.api, "PATCH", path, old, MERGE_PATCH)
    assert changed_meanwhile(conflict, MERGE_PATCH)
    assert not is_another(conflict)
    another = refused(druid.api, "PATCH", path, {"metadata": {"uid": OTHER, "labels": {"a": "b"}}}, MERGE_PATCH)
    assert is_another(another)


@pytest.mark.parametrize("path", ["/metadata/uid", "/metadata/resourceVersion"])
def test_a_failed_test_of_a_json_patch_is_a_lost_race(druid: Namespace, path: str) -> None:
    patch = [
        {"op": "test", "path": path, "value": "1"},
        {"op": "add", "path": "/spec/sessionAffinity", "value": "None"},
    ]
    error = refused(druid.api, "PATCH", SERVICE.path(druid.name, "druid"), patch, JSON_PATCH)
    assert changed_meanwhile(error, JSON_PATCH)
    assert not is_another(error)


@pytest.mark.parametrize("name", ["druid", "absent"])
def test_an_apply_to_another_uid_is_to_another_object(druid: Namespace, name: str) -> None:
    body = {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": {"name": name, "namespace": druid.name, "uid": OTHER},
        "spec": {"ports": [{"name": "http", "port": 80, "protocol": "TCP"}]},
    }
    error = refused(
        druid.api, "PATCH", SERVICE.path(druid.name, name) + "?fieldManager=a&force=true", body, APPLY_PATCH
    )
    assert changed_meanwhile(error, APPLY_PATCH)


def test_an_invalid_value_is_no_race(druid: Namespace) -> None:
    patch = [{"op": "replace", "path": "/spec/ports/0/port", "value": 0}]
    error = refused(druid.api, "PATCH", SERVICE.path(druid.name, "druid"), patch, JSON_PATCH)
    assert not changed_meanwhile(error, JSON_PATCH)


def test_a_namespace_that_goes_takes_nothing_new(stage: Stage, druid: Namespace) -> None:
    finalized = {"metadata": {"name": "holds", "namespace": druid.name, "finalizers": ["example.com/holds"]}}
    stage.api.create(CHILDREN["ServiceAccount"], finalized)
    druid.remove()
    body = {"apiVersion": "v1", "kind": "ServiceAccount", "metadata": {"name": "late"}}
    path = CHILDREN["ServiceAccount"].path(druid.name)
    error = refused(stage.api, "POST", path, body, "application/json")
    assert isinstance(error.expected(), Gone)
    stage.api.merge(CHILDREN["ServiceAccount"], (druid.name, "holds"), {"metadata": {"finalizers": None}})
