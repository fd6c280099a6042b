"""The Ready condition for real Deployments, Jobs and pods, and what callers see of a dependency."""

from typing import Any

from microservice_operator.cluster.kinds import CHILDREN, MICROSERVICE, POD, Kind

from .api import until
from .namespace import Namespace
from .stage import Stage

QUOTA = Kind("ResourceQuota", "v1", "resourcequotas")


def limited(stage: Stage, namespace: Namespace, pods: int) -> None:
    """A quota of pods, in force."""
    quota = {"metadata": {"name": "few", "namespace": namespace.name}, "spec": {"hard": {"pods": str(pods)}}}
    stage.api.apply(QUOTA, quota)
    until(
        lambda: stage.api.get(QUOTA, namespace.name, "few").get("status", {}).get("hard"), "the quota is not in force"
    )


def test_pods_that_a_quota_refuses_are_reported_by_ready(stage: Stage, namespace: Namespace) -> None:
    limited(stage, namespace, 1)
    namespace.create("hello", replicas=2)
    message = namespace.until_stalled("hello", "QuotaExceeded")["message"]
    assert message.startswith("a pod is forbidden: exceeded quota: few")
    assert "raise the quota" in message
    conditions = namespace.conditions("hello")
    assert (conditions["Ready"]["reason"], conditions["Ready"]["message"]) == ("QuotaExceeded", message)
    serving = namespace.until("hello", "WorkloadReady", "True", "QuotaExceeded")
    assert serving["message"] == message, "the one pod that there may be answers"
    until(
        lambda: [e for e in namespace.events("QuotaExceeded") if e["message"] == message],
        "no Event reports the refused pod",
    )


def test_a_migration_that_a_quota_refuses_is_reported_by_ready(stage: Stage, namespace: Namespace) -> None:
    limited(stage, namespace, 0)
    namespace.create("order", databases=[{"name": "orders", "migration": {"command": ["migrate"]}}])
    until(
        lambda: (
            "has no pod; see kubectl describe job" in namespace.conditions("order").get("Ready", {}).get("message", "")
        ),
        "Ready does not report that the migration has no pod",
        show=lambda: namespace.read("order").get("status"),
    )


def test_a_paused_deployment_is_reported_and_stays_paused(stage: Stage, namespace: Namespace) -> None:
    namespace.create("hello")
    namespace.until_ready("hello")
    key = (namespace.name, "hello")
    stage.api.merge(CHILDREN["Deployment"], key, {"spec": {"paused": True}})
    assert "kubectl rollout resume" in namespace.until("hello", "Ready", "True", "RolloutPaused")["message"]
    namespace.change("hello", image="hello:2")
    namespace.until_stalled("hello", "RolloutPaused")
    assert namespace.there("Deployment", "hello")["spec"]["paused"] is True
    stage.api.merge(CHILDREN["Deployment"], key, {"spec": {"paused": None}})
    namespace.until_ready("hello")


def test_a_rollout_and_a_scale_up_cost_callers_nothing(stage: Stage, namespace: Namespace) -> None:
    namespace.create("user", access={"from": [{"microservice": "web"}]})
    namespace.create("web", dependencies=[{"name": "user"}])
    namespace.until_ready("user", "web")
    stage.until_quiet()
    mark = stage.audit.now()
    namespace.change("user", image="hello:2")
    namespace.until_ready("user")
    namespace.change("user", replicas=5)
    until(lambda: namespace.read("user")["status"].get("readyReplicas") == 5, "the Deployment is not scaled")
    stage.until_quiet()
    written = stage.audit.writes(mark, namespace.name)
    assert not [write for write in written if write.name == "web"]
    assert {write.resource for write in written} == {"deployments", "microservices/status"}


def test_a_service_that_is_scaled_serves_while_its_new_pods_start(stage: Stage, namespace: Namespace) -> None:
    namespace.create("hello")
    namespace.until_ready("hello")
    stage.pods.hold(namespace.name, "ReplicaSet")
    namespace.change("hello", replicas=4)
    short = namespace.until("hello", "Ready", "True", "ReplicasUnavailable")
    assert short["message"]
    assert namespace.conditions("hello")["WorkloadReady"]["status"] == "True"
    assert namespace.conditions("hello")["Reconciling"]["status"] == "True"
    stage.pods.release(namespace.name, "ReplicaSet")
    namespace.until("hello", "Ready", "True", "Ready")
    namespace.change("hello", replicas=0)
    namespace.until("hello", "Ready", "True", "ScaledToZero")
    assert namespace.conditions("hello")["WorkloadReady"]["status"] == "False"


def test_a_dependency_that_is_made_anew_replaces_no_pod_of_its_callers(stage: Stage, namespace: Namespace) -> None:
    user = {"ports": [{"servicePort": 8081}], "access": {"from": [{"microservice": "web"}]}}
    namespace.create("user", **user)
    namespace.create("web", dependencies=[{"name": "user"}])
    namespace.until_ready("user", "web")
    assert namespace.read("user")["status"]["endpoints"]["internal"] == f"http://user.{namespace.name}.svc:8081"
    before = namespace.there("Deployment", "web")
    namespace.delete("user")
    namespace.until_gone("user")
    namespace.until("web", "DependenciesReady", "False", "DependencyMissing")
    stage.operator.restart()
    namespace.ask("web")
    namespace.create("user", **user)
    namespace.until_ready("user", "web")
    after = namespace.there("Deployment", "web")
    assert after["metadata"]["generation"] == before["metadata"]["generation"]
    assert {"name": "USER_URL", "value": f"http://user.{namespace.name}.svc:8081"} in _variables(after)


def test_replicas_that_another_controller_manages_are_left_to_it(stage: Stage, namespace: Namespace) -> None:
    namespace.create("hello", replicas=3, replicasManagedBy="External")
    namespace.until_ready("hello")
    assert namespace.there("Deployment", "hello")["spec"]["replicas"] == 3
    mark = stage.audit.now()
    stage.api.merge(CHILDREN["Deployment"], (namespace.name, "hello"), {"spec": {"replicas": 1}})
    until(lambda: namespace.read("hello")["status"].get("replicas") == 1, "status.replicas is not updated")
    namespace.change("hello", image="hello:2")
    namespace.until_ready("hello")
    namespace.change("hello", replicas=9)
    namespace.ask("hello")
    assert namespace.there("Deployment", "hello")["spec"]["replicas"] == 1
    writes = [w for w in stage.audit.writes(mark, namespace.name) if w.resource == "deployments"]
    assert len(writes) == 2, "the image alone, after the upgrade of managed fields"
    namespace.change("hello", replicasManagedBy="Operator", replicas=2)
    until(
        lambda: namespace.there("Deployment", "hello")["spec"]["replicas"] == 2,
        "the operator does not set the replicas again",
    )


def test_a_dead_pod_of_the_past_colours_nothing(stage: Stage, namespace: Namespace) -> None:
    namespace.create("hello")
    namespace.until_ready("hello")
    (pod, *_) = namespace.api.items(POD, namespace.name)
    now = pod["metadata"]["creationTimestamp"]
    ended = {"exitCode": 137, "reason": "Error", "startedAt": now, "finishedAt": now}
    dead = {
        "phase": "Failed",
        "reason": "Evicted",
        "containerStatuses": [
            {**status, "ready": False, "state": {"terminated": ended}} for status in pod["status"]["containerStatuses"]
        ],
        "conditions": [{"type": "Ready", "status": "False", "lastTransitionTime": now}],
    }
    stage.api.merge(POD, (namespace.name, pod["metadata"]["name"]), {"status": dead}, "status")
    until(lambda: len(namespace.api.items(POD, namespace.name)) == 3, "the pod is not replaced")
    namespace.until("hello", "Ready", "True", "Ready")
    stage.pods.hold(namespace.name, "ReplicaSet")
    namespace.change("hello", image="hello:2")
    assert namespace.until("hello", "Ready", "False")["reason"] == "RolloutProgressing"
    stage.pods.release(namespace.name, "ReplicaSet")
    namespace.until_ready("hello")
    assert not namespace.events("ContainerFailing")


def _variables(deployment: dict[str, Any]) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = deployment["spec"]["template"]["spec"]["containers"][0]["env"]
    return found


def test_problems_without_effect_do_not_prevent_ready(stage: Stage, namespace: Namespace) -> None:
    namespace.create("hello", metrics={}, ports=[{"servicePort": 80}])
    namespace.until_ready("hello")
    (problem,) = stage.api.get(MICROSERVICE, namespace.name, "hello")["status"]["problems"]
    assert (problem["severity"], problem["field"]) == ("Warning", "spec.metrics")
    assert "metrics.scraper in the Environment" in problem["message"]
