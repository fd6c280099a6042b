"""The operator or the API server stops, freezes or refuses: afterwards everything matches the declared state."""

import copy
import os
import signal
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

import pytest

from microservice_operator.cluster.kinds import CHILDREN, Kind
from tests.fakes.aws.proxy import Answer, Call, Emulator
from tests.tools.cluster import Cluster, control_plane, light
from tests.tools.cluster.cluster import known
from tests.tools.cluster.processes import stop

from . import install
from .api import until
from .namespace import Namespace
from .stage import Stage

QUOTA = Kind("ResourceQuota", "v1", "resourcequotas")
FULL: dict[str, Any] = {
    "tables": [{"name": "products", "partitionKey": {"name": "id"}}],
    "databases": [{"name": "orders", "migration": {"command": ["migrate"]}}],
}


@contextmanager
def frozen(cluster: Cluster) -> Iterator[None]:
    """The API server accepts connections but does not answer."""
    server = next(member for member in known(cluster.name).processes if member.role == "kube-apiserver")
    os.kill(server.pid, signal.SIGSTOP)
    try:
        yield
    finally:
        os.kill(server.pid, signal.SIGCONT)


def test_a_frozen_api_server_costs_nothing_but_time(stage: Stage, api_server: Cluster, namespace: Namespace) -> None:
    namespace.create("hello")
    with frozen(api_server):
        time.sleep(8)
        assert stage.operator.status("/healthz") == 200
    namespace.until_ready("hello")
    namespace.create("after")
    namespace.until_ready("after")


def test_a_restarted_api_server_finds_the_operator_at_work(
    stage: Stage, api_server: Cluster, namespace: Namespace
) -> None:
    namespace.create("hello")
    namespace.until_ready("hello")
    state = known(api_server.name)
    server = next(member for member in state.processes if member.role == "kube-apiserver")
    stop([server])
    time.sleep(3)
    assert stage.operator.status("/healthz") == 200
    others = tuple(member for member in state.processes if member is not server)
    with stage.audit.pardon():  # it answers before it has read all roles
        state = replace(state, processes=others).started("kube-apiserver", control_plane.api_server(state))
        light.wait_for(state, "/readyz", "the API server does not become ready")
        assert stage.operator.running
        stage.api.delete(CHILDREN["Service"], namespace.name, "hello")
        until(lambda: namespace.child("Service", "hello"), "the deleted Service is not created again")
        namespace.create("after")
        namespace.until_ready("after")


def test_a_right_that_was_taken_is_named_and_used_again_when_it_is_back(stage: Stage, namespace: Namespace) -> None:
    role = copy.deepcopy(install.cluster_role())
    rule = next(rule for rule in role["rules"] if "poddisruptionbudgets" in rule["resources"])
    rule["verbs"].remove("create")
    with stage.audit.pardon():
        stage.api.apply(install.CLUSTER_ROLE, role)
        try:
            namespace.create("hello")
            message = namespace.until_stalled("hello", "Forbidden")["message"]
            assert 'cannot create resource "poddisruptionbudgets"' in message
            assert namespace.child("Deployment", "hello"), "all other children are there"
        finally:
            stage.api.apply(install.CLUSTER_ROLE, install.cluster_role())
        namespace.until_ready("hello")


def test_an_exceeded_quota_is_named_and_tried_again(stage: Stage, namespace: Namespace) -> None:
    quota = {"metadata": {"name": "few", "namespace": namespace.name}, "spec": {"hard": {"count/services": "0"}}}
    stage.api.apply(QUOTA, quota)
    until(
        lambda: stage.api.get(QUOTA, namespace.name, "few").get("status", {}).get("hard"), "the quota is not in force"
    )
    namespace.create("hello")
    assert "few" in namespace.until_stalled("hello", "QuotaExceeded")["message"]
    assert stage.operator.status("/healthz") == 200
    stage.api.delete(QUOTA, namespace.name, "few")
    namespace.until_ready("hello")


def test_sigterm_ends_it_quickly_and_well(stage: Stage, namespace: Namespace) -> None:
    namespace.create("hello", **FULL)
    assert stage.operator.terminate() == 0
    stage.operator.start()
    namespace.until_ready("hello")


def test_sigterm_while_objects_arrive_ends_it_as_well(stage: Stage, namespace: Namespace) -> None:
    services = [f"hello-{number}" for number in range(12)]
    for begin in range(0, len(services), 4):
        for name in services[begin : begin + 4]:
            namespace.create(name)
        assert stage.operator.terminate() == 0
        stage.operator.start()
    namespace.until_ready(*services)


@pytest.mark.parametrize("commit", ["before", "after"])
@pytest.mark.parametrize("action", ["CreateTable", "UpdateContinuousBackups"])
def test_killed_at_a_call_to_aws_it_ends_where_it_would_have(
    stage: Stage, namespace: Namespace, action: str, commit: str
) -> None:
    killed = threading.Event()

    def killer(call: Call, emulator: Emulator) -> Answer:
        if call.action == action and not killed.is_set():
            if commit == "after":
                stage.strict(call, emulator)
            stage.operator.kill()
            killed.set()
            return Answer(500, {})
        return stage.strict(call, emulator)

    stage.aws.layer = killer
    try:
        namespace.create("order", **FULL)
        until(killed.is_set, f"{action} is never called")
    finally:
        stage.aws.layer = stage.strict
    stage.operator.start()
    _is_as_it_should_be(stage, namespace)


@pytest.mark.parametrize("writes", [1, 2, 4, 7, 11])
def test_killed_after_some_writes_to_kubernetes_it_ends_where_it_would_have(
    stage: Stage, namespace: Namespace, writes: int
) -> None:
    mark = stage.audit.now()
    namespace.create("order", **FULL)
    until(
        lambda: len(stage.audit.writes(mark, namespace.name)) >= writes,
        "the operator has not written to the API server",
    )
    stage.operator.kill()
    stage.operator.start()
    _is_as_it_should_be(stage, namespace)


def _is_as_it_should_be(stage: Stage, namespace: Namespace) -> None:
    """The state of an undisturbed run, everything made exactly once."""
    namespace.until_ready("order")
    kinds = Counter(kind for kind, _ in namespace.children("order"))
    expected = {"Secret": 2, "NetworkPolicy": 2}
    singles = ("ServiceAccount", "Service", "Deployment", "PodDisruptionBudget", "Job")
    assert kinds == expected | dict.fromkeys(singles, 1)
    made = Counter((w.resource, w.name) for w in stage.audit.writes(0, namespace.name) if w.code == 201)
    assert {at: times for at, times in made.items() if times > 1 and at[0] != "events"} == {}
    assert len(stage.tables_of(namespace)) == len(stage.databases_of(namespace)) == 1
    assert len(stage.roles_of(namespace)) == 2
    (table,) = stage.tables_of(namespace)
    backups = stage.dynamodb.describe_continuous_backups(TableName=table)["ContinuousBackupsDescription"]
    assert backups["PointInTimeRecoveryDescription"]["PointInTimeRecoveryStatus"] == "ENABLED"
    assert stage.log_in(namespace.secret("order-orders-database"))
    assert stage.log_in(namespace.secret("order-orders-database-owner"))
