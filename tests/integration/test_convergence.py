"""A second reconciliation writes nothing: every golden case, with a real API server, AWS and PostgreSQL."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest

from microservice_operator.cluster.kinds import CHILDREN, CONFIG_MAP
from microservice_operator.desired import children
from tests.golden.cases import Case, cases
from tests.whole.spec import LISTENER

from . import install
from .api import until
from .audit import Request
from .conftest import SESSION
from .namespace import Namespace
from .stage import Stage

CASES = list(cases())


@dataclass
class Account:
    """What the operator wrote while nothing changed."""

    kubernetes: dict[str, list[Request]]
    aws: list[str]
    sql: list[str]


@dataclass
class ResyncCache:
    """All cases in steady state, and what was written afterwards, by occasion."""

    namespaces: dict[str, Namespace]
    occasions: dict[str, Account]


@pytest.fixture(scope="module")
def resync_cache(stage: Stage) -> Iterator[ResyncCache]:
    """Create all cases, wait until they are ready, then reconcile each again, wait, and restart."""
    priority = {"metadata": {"name": "critical-services"}, "value": 1000}
    stage.api.apply(install.PRIORITY_CLASS, priority)
    stage.api.apply(install.RUNTIME_CLASS, {"metadata": {"name": "gvisor"}, "handler": "runsc"})
    namespaces = {case.name: _made(stage, case) for case in CASES}
    for case in CASES:
        _balanced(namespaces[case.name], case)
        namespaces[case.name].until_ready(case.context.microservice.name)
        _autoscaled(namespaces[case.name], case)
    stage.until_quiet()
    occasions = {}
    for occasion in ("asked", "idle", "restarted"):
        mark, calls, said = stage.audit.now(), len(stage.aws.writes()), len(stage.postgres.statements())
        if occasion == "asked":
            for case in CASES:
                namespaces[case.name].ask(case.context.microservice.name)
        elif occasion == "restarted":
            stage.operator.restart()
        stage.idle(2)
        occasions[occasion] = Account(
            {name: stage.audit.writes(mark, namespace.name) for name, namespace in namespaces.items()},
            stage.aws.writes()[calls:],
            stage.postgres.statements()[said:],
        )
    yield ResyncCache(namespaces, occasions)
    stage.api.delete(install.RUNTIME_CLASS, "", "gvisor")
    for namespace in namespaces.values():
        namespace.remove()


def _balanced(namespace: Namespace, case: Case) -> None:
    """Play the cloud, which gives a Service of type LoadBalancer its address: it is not ready without one."""
    name, service = case.context.microservice.name, case.context.microservice.spec.service
    if service is not None and service.type == "LoadBalancer":
        assert namespace.until(name, "Ready", "False", "LoadBalancerPending")
        address = {"status": {"loadBalancer": {"ingress": [{"ip": "192.0.2.1"}]}}}
        namespace.api.merge(CHILDREN["Service"], (namespace.name, name), address, "status")


def _autoscaled(namespace: Namespace, case: Case) -> None:
    """Wait until the autoscaler, which takes its time, has brought up the pods that it wants at the least."""
    autoscaling = case.context.microservice.spec.autoscaling
    if autoscaling:
        until(
            lambda: (
                namespace.read(case.context.microservice.name)["status"].get("readyReplicas")
                == autoscaling.min_replicas
            ),
            "the HorizontalPodAutoscaler has not scaled to minReplicas",
        )


def _made(stage: Stage, case: Case) -> Namespace:
    """The case and the objects that it refers to, in one namespace with its Environment."""
    namespace = Namespace(stage.api, f"case-{case.name}-{SESSION}")
    install.namespace(stage.api, namespace.name)
    given = (case.environment or {}).get("spec", {})
    defaults = {key: value for key, value in given.items() if key not in ("aws", "databases")}
    if "apiGateway" in given.get("aws", {}):
        gateway = {**given["aws"]["apiGateway"], "name": namespace.name, "listenerARN": LISTENER}
        defaults["aws"] = {"region": install.REGION, "accountID": install.ACCOUNT, "apiGateway": gateway}
    install.environment(stage.api, stage.postgres_port, stage.admin, namespace.name, **defaults)
    spec: dict[str, Any] = {**case.microservice["spec"], "environment": namespace.name}
    name = case.microservice["metadata"]["name"]
    _documented(namespace, spec)
    for dependency in spec.get("dependencies", []):
        admitted = {"from": [{"microservice": name}]}
        namespace.create(dependency["name"], environment=namespace.name, access=admitted)
    namespace.create(name, **spec)
    return namespace


def _documented(namespace: Namespace, spec: dict[str, Any]) -> None:
    """Publish the OpenAPI document that it names."""
    if "api" in spec:
        reference = spec["api"]["openAPI"]["configMapKeyRef"]
        data = {
            reference.get("key", "openapi.yaml"): json.dumps({"openapi": "3.1.0", "paths": {"/reviews": {"get": {}}}})
        }
        namespace.api.apply(
            CONFIG_MAP, {"metadata": {"name": reference["name"], "namespace": namespace.name}, "data": data}
        )


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_another_reconciliation_writes_nothing_but_its_echo(resync_cache: ResyncCache, case: Case) -> None:
    written = resync_cache.occasions["asked"].kubernetes[case.name]
    assert [(w.verb, w.resource) for w in written] == [("patch", "microservices/status")], written


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
@pytest.mark.parametrize("occasion", ["idle", "restarted"])
def test_nothing_is_written_when_nothing_changes(resync_cache: ResyncCache, case: Case, occasion: str) -> None:
    assert not resync_cache.occasions[occasion].kubernetes[case.name]


@pytest.mark.parametrize("occasion", ["asked", "idle", "restarted"])
def test_aws_and_postgresql_are_only_read(resync_cache: ResyncCache, occasion: str) -> None:
    assert resync_cache.occasions[occasion].aws == []
    assert resync_cache.occasions[occasion].sql == []


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_the_children_are_those_of_the_golden_file(resync_cache: ResyncCache, case: Case) -> None:
    namespace = resync_cache.namespaces[case.name]
    expected = {(child.kind, child.name) for child in children(case.context)}
    if not case.context.service_monitors and case.context.microservice.spec.metrics:
        expected |= {("ServiceMonitor", case.context.microservice.name)}
    assert set(namespace.children(case.context.microservice.name)) == expected
