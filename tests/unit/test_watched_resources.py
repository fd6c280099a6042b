"""Which Microservices are requeued after a change, and which Environment applies."""

from typing import Any

import pytest

from microservice_operator import names
from microservice_operator.api.parsing import microservice
from microservice_operator.errors import NotYet
from microservice_operator.watched_resources import WatchedResources

Key = tuple[str, str]


def resource(name: str, spec: dict[str, Any] | None = None, version: int = 1, **metadata: Any) -> dict[str, Any]:
    return {
        "metadata": {"namespace": "shop", "name": name, "uid": f"u-{name}", "generation": 1,
                     "resourceVersion": str(version), **metadata},
        "spec": {"image": "x", **(spec or {})},
    }  # fmt: skip


def environment(name: str, spec: dict[str, Any] | None = None, *, default: bool = False) -> dict[str, Any]:
    annotations = {names.ANNOTATION_DEFAULT_ENVIRONMENT: "true"} if default else {}
    return {"metadata": {"name": name, "uid": name, "annotations": annotations}, "spec": spec or {}}


class Enqueued(list[Key]):
    def taken(self) -> list[Key]:
        keys = list(self)
        self.clear()
        return keys


@pytest.fixture
def enqueued() -> Enqueued:
    return Enqueued()


@pytest.fixture
def world(enqueued: Enqueued) -> WatchedResources:
    return WatchedResources(enqueued.append)


def test_our_own_status_write_enqueues_nothing(world: WatchedResources, enqueued: Enqueued) -> None:
    world.upsert_microservice(resource("a"))
    assert enqueued.taken() == [("shop", "a")]
    world.upsert_microservice(resource("a", version=2) | {"status": {"observedGeneration": 1}})
    assert enqueued.taken() == []


@pytest.mark.parametrize(
    "change",
    [
        {"generation": 2},
        {"labels": {"a": "b"}},
        {"annotations": {names.ANNOTATION_RECONCILE: "now"}},
        {"deletionTimestamp": "now"},
    ],
)
def test_a_change_by_a_person_is_enqueued(world: WatchedResources, enqueued: Enqueued, change: dict[str, Any]) -> None:
    world.upsert_microservice(resource("a"))
    enqueued.clear()
    world.upsert_microservice(resource("a", version=2, **change))
    assert enqueued.taken() == [("shop", "a")]


def test_an_older_version_is_passed_over(world: WatchedResources, enqueued: Enqueued) -> None:
    world.upsert_microservice(resource("a", version=12))
    enqueued.clear()
    assert not world.upsert_microservice(resource("a", version=9, generation=7))
    assert world.microservices["shop", "a"]["metadata"]["generation"] == 1


def test_a_caller_is_enqueued_when_its_dependency_appears_serves_and_is_deleted(
    world: WatchedResources, enqueued: Enqueued
) -> None:
    world.upsert_microservice(resource("order", {"dependencies": [{"name": "user"}]}))
    enqueued.clear()
    world.upsert_microservice(resource("user"))
    assert enqueued.taken() == [("shop", "user"), ("shop", "order")]
    serving = {"status": {"conditions": [{"type": "WorkloadReady", "status": "True"}]}}
    world.upsert_microservice(resource("user", version=2) | serving)
    assert enqueued.taken() == [("shop", "order")]
    world.upsert_microservice(resource("order", version=3, generation=2))
    enqueued.clear()
    world.remove_microservice(resource("user"))
    assert enqueued.taken() == []


def test_a_user_of_a_table_is_enqueued_when_the_owner_of_the_table_appears(
    world: WatchedResources, enqueued: Enqueued
) -> None:
    world.upsert_microservice(resource("order", {"tableRefs": [{"microservice": "user", "table": "users"}]}))
    enqueued.clear()
    world.upsert_microservice(resource("user"))
    assert enqueued.taken() == [("shop", "user"), ("shop", "order")]


def test_a_subscriber_is_enqueued_when_the_topic_appears_and_changes(
    world: WatchedResources, enqueued: Enqueued
) -> None:
    topic = {"microservice": "b", "name": "created"}
    own = {"microservice": "a", "name": "own"}
    world.upsert_microservice(resource("a", {"subscriptions": [{"topic": topic}, {"topic": own}, {"topic": "bad"}, 1]}))
    enqueued.clear()
    world.upsert_microservice(resource("b"))
    assert enqueued.taken() == [("shop", "b"), ("shop", "a")]
    status = {"resources": [{"kind": "Topic", "name": "created", "id": "arn"}]}
    world.upsert_microservice(resource("b", version=2) | {"status": status})
    assert enqueued.taken() == [("shop", "a")]
    world.upsert_microservice(resource("b", version=3) | {"status": status})
    assert enqueued.taken() == []


def test_a_former_object_of_the_same_name_takes_nothing_with_it(world: WatchedResources) -> None:
    world.upsert_microservice(resource("a"))
    world.remove_microservice(resource("a", uid="former"))
    assert ("shop", "a") in world.microservices


def chosen(world: WatchedResources, named: str | None = None) -> str:
    found, used = world.environment_of("shop", named)
    assert (found.name if found else "") == used.name
    return used.name


def test_a_namespace_that_is_seen_late_enqueues_its_microservices(world: WatchedResources, enqueued: Enqueued) -> None:
    world.upsert_environment(environment("z", default=True))
    world.upsert_microservice(resource("a"))
    with pytest.raises(NotYet, match="the namespace is not known yet"):
        world.environment_of("shop", None)
    enqueued.clear()
    world.upsert_namespace({"metadata": {"name": "shop", "labels": {}}})
    assert enqueued.taken() == [("shop", "a")]
    assert chosen(world) == "z"


def test_the_environment_is_the_named_one_the_labelled_one_or_the_default(world: WatchedResources) -> None:
    world.upsert_namespace({"metadata": {"name": "shop"}})
    assert chosen(world) == ""
    world.upsert_environment(environment("z", default=True))
    world.upsert_environment(environment("b"))
    assert chosen(world) == "z"
    world.upsert_namespace({"metadata": {"name": "shop", "labels": {names.LABEL_ENVIRONMENT: "b"}}})
    assert chosen(world) == "b"
    assert chosen(world, "z") == "z"
    with pytest.raises(LookupError, match="Environment gone does not exist"):
        world.environment_of("shop", "gone")


@pytest.mark.parametrize(
    ("selector", "admitted"),
    [
        ({}, True),
        ({"matchLabels": {"team": "a"}}, True),
        ({"matchLabels": {"team": "b"}}, False),
        ({"matchLabels": {"kubernetes.io/metadata.name": "shop"}}, True),
        ({"matchExpressions": [{"key": "team", "operator": "In", "values": ["a", "b"]}]}, True),
        ({"matchExpressions": [{"key": "team", "operator": "NotIn", "values": ["a"]}]}, False),
        ({"matchExpressions": [{"key": "team", "operator": "Exists"}]}, True),
        ({"matchExpressions": [{"key": "team", "operator": "DoesNotExist"}]}, False),
    ],
)
def test_an_environment_admits_the_namespaces_that_it_selects(
    world: WatchedResources, selector: Any, admitted: bool
) -> None:
    world.upsert_namespace({"metadata": {"name": "shop", "labels": {"team": "a"}}})
    world.upsert_environment(environment("prod", {"namespaces": selector}))
    found, _ = world.environment_of("shop", "prod")
    assert found is not None
    assert world.admits(found, "shop") is admitted


def test_annotations_of_other_tools_use_no_memory_and_enqueue_nothing(
    world: WatchedResources, enqueued: Enqueued
) -> None:
    body = resource("a")
    world.upsert_microservice(body)
    enqueued.clear()
    ours = {names.ANNOTATION_RECREATE: "orders"}
    for version, annotations in enumerate([{"other/tool": "x" * 200_000}, {"other/tool": "y" * 200_000}], 2):
        metadata = {**body["metadata"], "resourceVersion": str(version), "managedFields": [{"manager": "kubectl"}]}
        world.upsert_microservice({**body, "metadata": {**metadata, "annotations": annotations}})
    assert enqueued.taken() == []
    assert len(str(world.microservices["shop", "a"])) < 1000
    metadata = {**body["metadata"], "resourceVersion": "9", "annotations": ours}
    world.upsert_microservice({**body, "metadata": metadata})
    assert enqueued.taken() == [("shop", "a")]


def test_the_network_policies_of_callees_follow_whether_a_caller_has_jobs(
    world: WatchedResources, enqueued: Enqueued
) -> None:
    jobs = [{"name": "a", "schedule": "@daily", "args": ["a"]}]
    callee = resource("callee", {"access": {"from": [{"microservice": "caller"}, {"namespace": "edge"}]}})
    service = microservice(callee)
    world.upsert_microservice(callee)
    world.upsert_microservice(resource("stranger", {"access": {"from": [{"microservice": "another"}]}}))
    world.upsert_microservice({**callee, "metadata": {**callee["metadata"], "namespace": "other"}})
    enqueued.clear()
    caller, others = ("shop", "caller"), ("shop", "callee")
    for version, spec, expected in (
        (1, {}, [caller]),
        (2, {"jobs": jobs}, [others, caller]),
        (3, {"jobs": [*jobs, {**jobs[0], "name": "b"}]}, [caller]),
        (4, {}, [others, caller]),
        (5, {"jobs": jobs}, [others, caller]),
    ):
        world.upsert_microservice(resource("caller", spec, version, generation=version))
        assert sorted(enqueued.taken()) == expected
        assert world.callers_with_jobs(service) == ({"caller"} if "jobs" in spec else set())
    world.remove_microservice(resource("caller", version=6))
    assert enqueued.taken() == [others]
    assert world.callers_with_jobs(service) == set()
