"""How children change when the spec, an Environment or another Microservice changes."""

from typing import Any

import pytest

from microservice_operator import names
from microservice_operator.cluster.kinds import CHILDREN, ENVIRONMENT, NAMESPACE

from . import install
from .api import until
from .namespace import IMAGE, Namespace
from .stage import Stage

DEPLOYMENT = "Deployment"


def container(namespace: Namespace, name: str) -> dict[str, Any]:
    """The main container of its pods."""
    found: dict[str, Any] = namespace.there(DEPLOYMENT, name)["spec"]["template"]["spec"]["containers"][0]
    return found


def test_an_autoscaled_service_begins_with_its_least_pods(stage: Stage, namespace: Namespace) -> None:
    mark = stage.audit.now()
    namespace.create("scaled", autoscaling={"minReplicas": 3, "maxReplicas": 5})
    namespace.until_ready("scaled")
    assert namespace.there("Deployment", "scaled")["spec"]["replicas"] == 3
    scaled = [r for r in stage.audit.requests(mark) if r.resource == "deployments" and r.verb in ("patch", "update")]
    assert not scaled, "it starts with three, so no later write raises it"


def test_a_field_that_leaves_the_spec_leaves_the_deployment(namespace: Namespace) -> None:
    full = {
        "env": [{"name": "COLOUR", "value": "red"}, {"name": "SIZE", "value": "small"}],
        "command": ["serve"],
        "nodeSelector": {"pool": "services"},
        "tags": {"team": "a"},
        "ports": [
            {"name": "http", "containerPort": 8080},
            {"name": "grpc", "containerPort": 9090, "servicePort": 9090},
        ],
    }
    namespace.create("hello", **full)
    namespace.until_ready("hello")
    less = dict.fromkeys(full) | {"env": [{"name": "SIZE", "value": "small"}]}
    namespace.change("hello", **less)
    namespace.until_ready("hello")
    now = container(namespace, "hello")
    names_ = [variable["name"] for variable in now["env"]]
    assert ("COLOUR" in names_, "SIZE" in names_, "command" in now) == (False, True, False)
    assert [port["name"] for port in now["ports"]] == ["http"]
    deployment = namespace.there(DEPLOYMENT, "hello")
    assert "nodeSelector" not in deployment["spec"]["template"]["spec"]
    assert "team" not in deployment["metadata"]["labels"]
    # the old pods' port is closed when the rollout is complete, so after Ready
    until(
        lambda: [port["name"] for port in namespace.there("Service", "hello")["spec"]["ports"]] == ["http"],
        "the Service still has the port",
    )
    assert "team" not in namespace.there("ServiceAccount", "hello")["metadata"]["labels"]


@pytest.mark.parametrize("changed_before", [False, True])
def test_an_autoscaler_goes_on_from_the_count_that_was_there(namespace: Namespace, changed_before: bool) -> None:
    namespace.create("hello", replicas=3)
    namespace.until_ready("hello")
    if changed_before:
        namespace.change("hello", image="hello:2")
        namespace.until_ready("hello")
    namespace.change("hello", replicas=None, autoscaling={"minReplicas": 2, "maxReplicas": 6})
    namespace.until_ready("hello")
    namespace.ask("hello")
    assert namespace.there(DEPLOYMENT, "hello")["spec"]["replicas"] == 3
    namespace.change("hello", replicas=1, autoscaling=None)
    namespace.until_ready("hello")
    assert namespace.there(DEPLOYMENT, "hello")["spec"]["replicas"] == 1
    namespace.until_gone("hello", CHILDREN["HorizontalPodAutoscaler"])


def test_what_is_no_longer_declared_is_removed(namespace: Namespace) -> None:
    extras = {
        "autoscaling": {"minReplicas": 2, "maxReplicas": 3},
        "metrics": {},
        "databases": [{"name": "orders", "migration": {"command": ["migrate"]}}],
    }
    namespace.create("order", **extras)
    namespace.until_ready("order")
    namespace.change("order", replicas=1, **dict.fromkeys(extras))
    namespace.until_ready("order")
    wanted = {(kind, "order") for kind in ("ServiceAccount", "NetworkPolicy", "Service", "Deployment")}
    until(
        lambda: set(namespace.children("order")) == wanted,
        "the children differ from the declared ones",
        show=lambda: set(namespace.children("order")) ^ wanted,
    )
    assert namespace.events("Deleted")


def test_a_child_that_was_pruned_is_not_waited_for(namespace: Namespace) -> None:
    namespace.create("hello", metrics={})
    namespace.until_ready("hello")
    namespace.change("hello", metrics=None)
    namespace.until_ready("hello")
    namespace.until_gone("hello", CHILDREN["ServiceMonitor"])
    assert "ServiceMonitor" not in {r["kind"] for r in namespace.read("hello")["status"]["resources"]}


def test_a_database_that_left_the_spec_while_nobody_looked_leaves_no_secret(stage: Stage, namespace: Namespace) -> None:
    namespace.create("order", databases=[{"name": "orders"}])
    namespace.until_ready("order")
    assert stage.operator.terminate() == 0
    namespace.change("order", databases=None)
    stage.operator.start()
    namespace.until_ready("order")
    until(lambda: "Secret" not in {kind for kind, _ in namespace.children("order")}, "the Secret is not deleted")


def test_suspended_means_that_nothing_is_written(stage: Stage, namespace: Namespace) -> None:
    namespace.create("hello")
    namespace.until_ready("hello")
    namespace.change("hello", suspend=True, image="hello:2")
    namespace.until("hello", "Ready", "False", "Suspended")
    mark = stage.audit.now()
    namespace.api.delete(CHILDREN["Service"], namespace.name, "hello")
    namespace.ask("hello")
    assert not stage.audit.to_children(mark, namespace.name)
    assert container(namespace, "hello")["image"] == IMAGE
    namespace.change("hello", suspend=False)
    namespace.until_ready("hello")
    assert container(namespace, "hello")["image"] == "hello:2"
    namespace.there("Service", "hello")


def test_dependencies_are_reported_and_only_required_ones_count(namespace: Namespace) -> None:
    namespace.create("order", dependencies=[{"name": "user"}, {"name": "product", "optional": True}])
    namespace.until("order", "DependenciesReady", "False", "DependencyMissing")
    namespace.create("user")
    namespace.until("order", "Ready", "False", "DependencyNotAdmitted")
    namespace.change("user", access={"from": [{"microservice": "order"}]})
    namespace.until_ready("order")
    assert namespace.conditions("order")["DependenciesReady"]["reason"] == "DependencyMissing"
    variables = {v["name"]: v.get("value") for v in container(namespace, "order")["env"]}
    assert variables["USER_URL"] == f"http://user.{namespace.name}.svc"
    namespace.create("product", access={"from": [{"microservice": "order"}]})
    namespace.until("order", "DependenciesReady", "True")
    namespace.delete("user")
    namespace.until("order", "Ready", "False", "DependencyMissing")


def test_two_that_need_each_other_become_ready(namespace: Namespace) -> None:
    for one, other in (("a", "b"), ("b", "a")):
        access = {"from": [{"microservice": other}]}
        namespace.create(one, dependencies=[{"name": other}], access=access)
    namespace.until_ready("a", "b")


def test_a_change_of_the_environment_reaches_the_services(stage: Stage, namespace: Namespace) -> None:
    name = namespace.name
    install.environment(stage.api, stage.postgres_port, stage.admin, name)
    namespace.create("hello", environment=name)
    namespace.until_ready("hello")
    install.environment(stage.api, stage.postgres_port, stage.admin, name, defaults={"replicas": 4})
    until(
        lambda: namespace.there(DEPLOYMENT, "hello")["spec"]["replicas"] == 4,
        "the Environment's default is not applied",
    )
    namespace.until_ready("hello")
    stage.api.delete(ENVIRONMENT, "", name)
    namespace.until_stalled("hello", "EnvironmentMissing")
    assert namespace.child(DEPLOYMENT, "hello"), "the pods keep running"


def test_an_environment_admits_the_namespaces_that_it_selects(stage: Stage, namespace: Namespace) -> None:
    name = namespace.name
    selector = {"matchLabels": {"example.com/tier": "gold"}}
    install.environment(stage.api, stage.postgres_port, stage.admin, name, namespaces=selector)
    namespace.create("hello", environment=name)
    assert name in namespace.until_stalled("hello", "EnvironmentRefused")["message"]
    assert not namespace.children("hello")
    stage.api.merge(NAMESPACE, ("", name), {"metadata": {"labels": {"example.com/tier": "gold"}}})
    namespace.until_ready("hello")
    label = {"metadata": {"labels": {names.LABEL_ENVIRONMENT: name}}}
    stage.api.merge(NAMESPACE, ("", name), label)
    namespace.change("hello", environment=None)
    namespace.until_ready("hello")
    assert namespace.read("hello")["status"]["environment"] == name
    namespace.delete("hello")
    stage.api.delete(ENVIRONMENT, "", name)


def test_the_same_name_made_anew_is_another_one(namespace: Namespace) -> None:
    first = namespace.create("hello")["metadata"]["uid"]
    namespace.until_ready("hello")
    namespace.delete("hello")
    namespace.until_gone("hello")
    second = namespace.create("hello", image="hello:2")["metadata"]["uid"]
    namespace.until_ready("hello")
    assert first != second
    owners = {o["uid"] for child in namespace.children("hello").values() for o in child["metadata"]["ownerReferences"]}
    assert owners == {second}
    assert container(namespace, "hello")["image"] == "hello:2"
