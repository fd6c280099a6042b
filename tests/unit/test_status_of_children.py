"""Every condition and state of children and pods that Kubernetes documents, and what the top line of a status says.

Documented in k8s.io/api: apps/v1, batch/v1, autoscaling/v2, policy/v1, core/v1 (types.go); the reasons in the
controllers that write them, of Kubernetes 1.36. NetworkPolicy, ServiceAccount and Secret have no status.
"""

from dataclasses import dataclass, field
from typing import Any

import pytest

from microservice_operator.cluster.pod_cache import Pods
from microservice_operator.dependencies import dependency_part
from microservice_operator.status import patch, serves, turn
from microservice_operator.workload import workload
from tests.unit.desired.builders import MIGRATING, context, job_name
from tests.unit.support.workloads import (
    JUST_NOW,
    LONG_AGO,
    OWNER,
    Object,
    Ownership,
    ago,
    condition,
    deployment_status,
    ended,
    pod,
    running,
    waiting,
)

AUTO = {"autoscaling": {"maxReplicas": 4}}
BALANCED = {"service": {"type": "LoadBalancer"}}
MIGRATED = {"databases": [MIGRATING]}
STARTED = condition("Progressing", "True", "NewReplicaSetCreated")
GOES_ON = condition("Progressing", "True", "ReplicaSetUpdated")
FINE = ("True", "Ready", "everything declared is ready")


@dataclass(frozen=True)
class Row:
    """The observed objects, the expected Ready condition, and whether callers are served."""

    top: tuple[str, str, str]
    statuses: dict[str, Object] = field(default_factory=dict)
    pods: tuple[Object, ...] = ()
    spec: dict[str, Any] = field(default_factory=dict)
    edits: dict[str, Object] = field(default_factory=dict)
    serves: bool = True
    stalled: bool = False


def starting(*pods: Object) -> dict[str, Any]:
    """A rollout of the first version, whose pods are these."""
    return {
        "statuses": {"Deployment": deployment_status(GOES_ON, available=0)},
        "pods": pods,
        "serves": False,
    }


def replacing(*pods: Object) -> dict[str, Any]:
    """A rollout whose old pods still answer."""
    return {"statuses": {"Deployment": deployment_status(GOES_ON, replicas=3, updated=1)}, "pods": pods}


def short(*pods: Object) -> dict[str, Any]:
    """One of two pods is missing, without a rollout."""
    return {"statuses": {"Deployment": deployment_status(available=1)}, "pods": pods}


def job(*conditions: Object, **counts: Any) -> Object:
    return {"Job": {"conditions": list(conditions), **counts}, "Deployment": deployment_status()}


NAME = job_name(context(MIGRATED))
QUOTA = 'pods "order-7c9d8b-x7k2p" is forbidden: exceeded quota: few, requested: pods=1, used: pods=1, limited: pods=1'
NO_CPU = "failed to get cpu utilization: missing request for cpu in container order of Pod order-7d9f8c6b5-abcde"
EXEC = 'exec: "serv": executable file not found in $PATH'
GET_HEALTH = "GET /health on port http"
KILLED = f"which happens when its start-up or liveness probe ({GET_HEALTH}) fails"

DEPLOYMENT: dict[str, Row] = {
    "not seen yet": Row(("False", "RolloutProgressing", "not all ready yet"), {"Deployment": {}}, serves=False),
    "Progressing=True NewReplicaSetCreated": Row(
        ("False", "RolloutProgressing", "not all ready yet"),
        {"Deployment": deployment_status(STARTED, available=0)},
        serves=False,
    ),
    "Progressing=True FoundNewReplicaSet": Row(
        ("False", "RolloutProgressing", "not all ready yet"),
        {"Deployment": deployment_status(condition("Progressing", "True", "FoundNewReplicaSet"), updated=1)},
    ),
    "Progressing=True ReplicaSetUpdated": Row(("False", "RolloutProgressing", "not all ready yet"), **replacing()),
    "Progressing=True NewReplicaSetAvailable": Row(FINE, {"Deployment": deployment_status()}),
    "Progressing=True DeploymentResumed": Row(
        ("False", "RolloutProgressing", "not all ready yet"),
        {"Deployment": deployment_status(condition("Progressing", "True", "DeploymentResumed"), updated=0)},
    ),
    "Progressing=Unknown DeploymentPaused": Row(
        ("False", "RolloutPaused", "kubectl rollout resume deployment/order"),
        {"Deployment": deployment_status(condition("Progressing", "Unknown", "DeploymentPaused"), updated=0)},
        edits={"Deployment": {"paused": True}},
        stalled=True,
    ),
    "paused while nothing is to be rolled out": Row(
        ("True", "RolloutPaused", "kubectl rollout resume deployment/order"),
        {"Deployment": deployment_status(condition("Progressing", "Unknown", "DeploymentPaused"))},
        edits={"Deployment": {"paused": True}},
    ),
    "Progressing=False ProgressDeadlineExceeded": Row(
        ("False", "RolloutStuck", "look at the pods' events"),
        {"Deployment": deployment_status(condition("Progressing", "False", "ProgressDeadlineExceeded"), updated=1)},
        stalled=True,
    ),
    "Progressing=False ProgressDeadlineExceeded, a pod says why": Row(
        ("False", "ImageUnavailable", "cannot pull image order:1"),
        {"Deployment": deployment_status(condition("Progressing", "False", "ProgressDeadlineExceeded"), updated=1)},
        (pod(containers=[waiting("ImagePullBackOff")]),),
        stalled=True,
    ),
    "Progressing=False ReplicaSetCreateError": Row(
        ("False", "RolloutStuck", "cannot create"),
        {
            "Deployment": deployment_status(
                condition("Progressing", "False", "ReplicaSetCreateError", "cannot create"), updated=0
            )
        },
        stalled=True,
    ),
    "ReplicaFailure=True FailedCreate, quota": Row(
        ("False", "QuotaExceeded", "a pod is forbidden: exceeded quota: few"),
        {"Deployment": deployment_status(GOES_ON, condition("ReplicaFailure", "True", "FailedCreate", QUOTA))},
        stalled=True,
    ),
    "ReplicaFailure=True FailedCreate, quota, a pod crashes too": Row(
        ("False", "QuotaExceeded", "raise the quota"),
        {"Deployment": deployment_status(GOES_ON, condition("ReplicaFailure", "True", "FailedCreate", QUOTA))},
        (pod(containers=[waiting("CrashLoopBackOff", **ended(1))]),),
        stalled=True,
    ),
    "ReplicaFailure=True FailedCreate, before the controller has seen the spec": Row(
        ("False", "QuotaExceeded", "exceeded quota"),
        {"Deployment": deployment_status(condition("ReplicaFailure", "True", "FailedCreate", QUOTA), seen=0)},
        stalled=True,
    ),
    "ReplicaFailure=True FailedCreate, admission": Row(
        ("False", "Rejected", "violates PodSecurity"),
        {
            "Deployment": deployment_status(
                condition("ReplicaFailure", "True", "FailedCreate", 'pods "a-b" is forbidden: violates PodSecurity'),
                available=0,
            )
        },
        serves=False,
        stalled=True,
    ),
    "ReplicaFailure=True FailedDelete": Row(
        ("False", "RolloutProgressing", "cannot be deleted: no"),
        {"Deployment": deployment_status(condition("ReplicaFailure", "True", "FailedDelete", "no"), replicas=3)},
    ),
    "ReplicaFailure=False": Row(FINE, {"Deployment": deployment_status(condition("ReplicaFailure", "False"))}),
    "Available=False MinimumReplicasUnavailable": Row(
        ("False", "ReplicasUnavailable", "no pod is ready"),
        {"Deployment": deployment_status(condition("Available", "False", "MinimumReplicasUnavailable"), available=0)},
        serves=False,
    ),
    "Available=True MinimumReplicasAvailable": Row(
        FINE, {"Deployment": deployment_status(condition("Available", "True", "MinimumReplicasAvailable"))}
    ),
    "some pods are missing": Row(("True", "ReplicasUnavailable", "the service answers"), **short()),
    "more pods than are wanted": Row(FINE, {"Deployment": deployment_status(replicas=3, updated=3, available=3)}),
    "scaled to zero": Row(
        ("True", "ScaledToZero", "no pod runs"),
        {"Deployment": deployment_status(replicas=0, updated=0, available=0)},
        spec={"replicas": 0},
        serves=False,
    ),
    "being scaled to zero": Row(
        ("False", "RolloutProgressing", "not all ready yet"),
        {"Deployment": deployment_status(replicas=1, updated=0, available=1)},
        spec={"replicas": 0},
    ),
    "a condition of tomorrow": Row(FINE, {"Deployment": deployment_status(condition("Levitating", "False", "New"))}),
}

JOB: dict[str, Row] = {
    "just made": Row(("False", "MigrationRunning", f"migration Job {NAME} is running"), job(), spec=MIGRATED),
    "active": Row(
        ("False", "MigrationRunning", "the rollout starts after it"), job(active=1, startTime=LONG_AGO), spec=MIGRATED
    ),
    "without a pod": Row(
        ("False", "MigrationRunning", "has no pod; see kubectl describe job"), job(startTime=LONG_AGO), spec=MIGRATED
    ),
    "an attempt has failed": Row(
        ("False", "MigrationRunning", "is retried"), job(active=1, failed=1, startTime=LONG_AGO), spec=MIGRATED
    ),
    "Suspended=True JobSuspended": Row(
        ("False", "MigrationSuspended", "resume it"),
        job(condition("Suspended", "True", "JobSuspended")),
        spec=MIGRATED,
        stalled=True,
    ),
    "Suspended=False JobResumed": Row(
        ("False", "MigrationRunning", "is running"),
        job(condition("Suspended", "False", "JobResumed"), active=1),
        spec=MIGRATED,
    ),
    "FailureTarget=True": Row(
        ("False", "MigrationRunning", "is retried"),
        job(condition("FailureTarget", "True", "BackoffLimitExceeded"), terminating=1, failed=4),
        spec=MIGRATED,
    ),
    "SuccessCriteriaMet=True": Row(
        ("False", "MigrationRunning", "is running"),
        job(condition("SuccessCriteriaMet", "True", "CompletionsReached"), succeeded=1),
        spec=MIGRATED,
    ),
    "Complete=True CompletionsReached": Row(
        FINE, job(condition("Complete", "True", "CompletionsReached")), spec=MIGRATED
    ),
    "Complete=True SuccessPolicy": Row(FINE, job(condition("Complete", "True", "SuccessPolicy")), spec=MIGRATED),
    **{
        f"Failed=True {reason}": Row(
            ("False", "MigrationFailed", f"migration Job {NAME} {words}"),
            job(condition("Failed", "True", reason)),
            spec=MIGRATED,
            stalled=True,
        )
        for reason, words in {
            "BackoffLimitExceeded": "failed in every attempt",
            "DeadlineExceeded": "took longer than its timeout",
            "PodFailurePolicy": "failed (PodFailurePolicy)",
            "FailedIndexes": "failed (FailedIndexes)",
            "MaxFailedIndexesExceeded": "failed (MaxFailedIndexesExceeded)",
            "": "failed, and",
        }.items()
    },
    "a condition of tomorrow": Row(
        ("False", "MigrationRunning", "is running"), job(condition("Levitating", "True")), spec=MIGRATED
    ),
}


def migrating(*conditions: Object, **more: Any) -> Object:
    """A pod of the migration."""
    labels = {"microservice-operator.dev/migration": "order", "batch.kubernetes.io/job-name": NAME}
    return pod(*conditions, name=f"{NAME}-x7k2p", labels=labels, **more)


RUNNING_JOB: dict[str, Any] = {"statuses": job(active=1, startTime=LONG_AGO), "spec": MIGRATED}
MIGRATION_POD: dict[str, Row] = {
    "waiting ErrImagePull": Row(
        ("False", "ImageUnavailable", f"migration Job {NAME} is delayed: container order cannot pull image order:1"),
        pods=(migrating(phase="Pending", containers=[waiting("ErrImagePull")]),),
        **RUNNING_JOB,
    ),
    "waiting CreateContainerConfigError": Row(
        ("False", "ContainerFailing", 'cannot start: secret "s" not found'),
        pods=(migrating(phase="Pending", containers=[waiting("CreateContainerConfigError", 'secret "s" not found')]),),
        **RUNNING_JOB,
    ),
    "Unschedulable": Row(
        ("False", "Unschedulable", "is delayed: no node fits a pod"),
        pods=(migrating(condition("PodScheduled", "False", "Unschedulable"), phase="Pending"),),
        **RUNNING_JOB,
    ),
    "creating for long": Row(
        ("False", "RolloutProgressing", "is not created yet"),
        pods=(migrating(phase="Pending", containers=[waiting("ContainerCreating")]),),
        **RUNNING_JOB,
    ),
    "an attempt that could not start": Row(
        (
            "False",
            "ContainerFailing",
            f"is delayed: container order cannot start: {EXEC}; read kubectl logs job/{NAME}",
        ),
        pods=(
            migrating(
                phase="Failed",
                containers=[{"name": "order", "ready": False, "state": ended(128, "StartError", EXEC)["lastState"]}],
            ),
        ),
        **RUNNING_JOB,
    ),
    "the attempts have failed": Row(
        ("False", "MigrationFailed", "failed in every attempt (container order exits with code 1)"),
        job(condition("Failed", "True", "BackoffLimitExceeded")),
        pods=(
            migrating(phase="Failed", containers=[{"name": "order", "ready": False, "state": ended(1)["lastState"]}]),
        ),
        spec=MIGRATED,
        stalled=True,
    ),
    "an attempt has failed, and the next one has succeeded": Row(
        FINE,
        job(condition("Complete", "True")),
        pods=(
            migrating(phase="Failed", containers=[{"name": "order", "ready": False, "state": ended(1)["lastState"]}]),
        ),
        spec=MIGRATED,
    ),
    "runs": Row(
        ("False", "MigrationRunning", "is running"),
        pods=(migrating(containers=[running(ready=True)]),),
        **RUNNING_JOB,
    ),
}


def hpa(*conditions: Object) -> dict[str, Any]:
    return {"statuses": {"HorizontalPodAutoscaler": {"conditions": list(conditions)}}, "spec": AUTO}


AUTOSCALER: dict[str, Row] = {
    "no condition yet": Row(FINE, **hpa()),
    "ScalingActive=True ValidMetricFound": Row(FINE, **hpa(condition("ScalingActive", "True", "ValidMetricFound"))),
    "ScalingActive=False ScalingDisabled": Row(FINE, **hpa(condition("ScalingActive", "False", "ScalingDisabled"))),
    **{
        f"ScalingActive=False {reason}": Row(
            ("True", "AutoscalingInactive", f"the autoscaler cannot work: {words}"),
            **hpa(condition("ScalingActive", "False", reason, words)),
        )
        for reason, words in {
            "FailedGetResourceMetric": "the server could not find the requested resource",
            "FailedGetContainerResourceMetric": "x",
            "FailedGetPodsMetric": "x",
            "FailedGetObjectMetric": "x",
            "FailedGetExternalMetric": "x",
            "InvalidMetricSourceType": "x",
            "InvalidSelector": "x",
            "AmbiguousSelector": "x",
        }.items()
    },
    "ScalingActive=False, no request": Row(
        ("True", "AutoscalingInactive", "missing request for cpu in container order of a pod"),
        **hpa(condition("ScalingActive", "False", "FailedGetResourceMetric", NO_CPU)),
    ),
    "ScalingActive=False, without words": Row(
        ("True", "AutoscalingInactive", "cannot work: New"), **hpa(condition("ScalingActive", "False", "New"))
    ),
    "ScalingActive=False since it was made": Row(
        FINE, **hpa(condition("ScalingActive", "False", "FailedGetResourceMetric", "no metrics", since=ago(120)))
    ),
    **{
        f"AbleToScale=False {reason}": Row(
            ("True", "AutoscalingInactive", "cannot work: no"), **hpa(condition("AbleToScale", "False", reason, "no"))
        )
        for reason in ("FailedGetScale", "FailedUpdateScale")
    },
    **{
        f"AbleToScale=True {reason}": Row(FINE, **hpa(condition("AbleToScale", "True", reason)))
        for reason in (
            *("SucceededGetScale", "SucceededRescale", "ReadyForNewScale"),
            *("ScaleDownStabilized", "ScaleUpStabilized"),
        )
    },
    **{
        f"ScalingLimited={status} {reason}": Row(FINE, **hpa(condition("ScalingLimited", status, reason)))
        for status, reason in (
            *(("True", "TooManyReplicas"), ("True", "TooFewReplicas"), ("True", "ScaleUpLimit")),
            *(("True", "ScaleDownLimit"), ("False", "DesiredWithinRange")),
        )
    },
    "ScaledToZero=True ScaledToZero": Row(FINE, **hpa(condition("ScaledToZero", "True", "ScaledToZero"))),
    "ScaledToZero=False NotScaledToZero": Row(FINE, **hpa(condition("ScaledToZero", "False", "NotScaledToZero"))),
    "a condition of tomorrow": Row(FINE, **hpa(condition("Levitating", "False"))),
    "its trouble does not hide that of the pods": Row(
        ("False", "ContainerFailing", "exits with code 1"),
        {
            **short()["statuses"],
            "HorizontalPodAutoscaler": {"conditions": [condition("ScalingActive", "False", "InvalidSelector", "x")]},
        },
        (pod(containers=[waiting("CrashLoopBackOff", **ended(1))]),),
        spec=AUTO,
    ),
}


def budget(*conditions: Object) -> dict[str, Any]:
    return {"statuses": {"PodDisruptionBudget": {"conditions": list(conditions)}}}


BUDGET: dict[str, Row] = {
    "no condition yet": Row(FINE, **budget()),
    "DisruptionAllowed=True SufficientPods": Row(
        FINE, **budget(condition("DisruptionAllowed", "True", "SufficientPods"))
    ),
    "DisruptionAllowed=False InsufficientPods": Row(
        FINE, **budget(condition("DisruptionAllowed", "False", "InsufficientPods"))
    ),
    "DisruptionAllowed=False SyncFailed": Row(
        ("True", "DisruptionBudgetInactive", "cannot be computed: no controller"),
        **budget(condition("DisruptionAllowed", "False", "SyncFailed", 'no controller of pod "order-x"')),
    ),
    "DisruptionAllowed=False SyncFailed for a moment": Row(
        FINE, **budget(condition("DisruptionAllowed", "False", "SyncFailed", "x", since=JUST_NOW))
    ),
    "a condition of tomorrow": Row(FINE, **budget(condition("Levitating", "False"))),
}

SERVICE: dict[str, Row] = {
    "ClusterIP": Row(FINE, {"Service": {}}),
    "LoadBalancer with an address": Row(FINE, spec=BALANCED),
    "LoadBalancer without one": Row(
        ("False", "LoadBalancerPending", "Service order has no load balancer yet"), {"Service": {}}, spec=BALANCED
    ),
    "LoadBalancer without one, pods start": Row(
        ("False", "RolloutProgressing", "not all ready yet"),
        {"Service": {}, "Deployment": deployment_status(GOES_ON, available=0)},
        spec=BALANCED,
        serves=False,
    ),
    "LoadBalancerPortsError=True LoadBalancerMixedProtocolNotSupported": Row(
        ("False", "LoadBalancerFailing", "mixed protocols"),
        {
            "Service": {
                "conditions": [
                    condition(
                        "LoadBalancerPortsError", "True", "LoadBalancerMixedProtocolNotSupported", "mixed protocols"
                    )
                ]
            }
        },
        spec=BALANCED,
        stalled=True,
    ),
    "an error of a port": Row(
        ("False", "LoadBalancerFailing", "example.com/InUse"),
        {"Service": {"loadBalancer": {"ingress": [{"ip": "192.0.2.1", "ports": [{"error": "example.com/InUse"}]}]}}},
        spec=BALANCED,
        stalled=True,
    ),
    "a condition of tomorrow": Row(FINE, {"Service": {"conditions": [condition("Levitating", "False")]}}),
}

HOT = condition("Ready", "False", "ContainersNotReady")
POD_CONDITIONS: dict[str, Row] = {
    "PodScheduled=False Unschedulable": Row(
        ("False", "Unschedulable", "no node fits a pod; add nodes"),
        **starting(pod(condition("PodScheduled", "False", "Unschedulable", "0/3 nodes"), phase="Pending")),
    ),
    "PodScheduled=False SchedulingGated": Row(
        ("False", "Unschedulable", "a scheduling gate"),
        **starting(pod(condition("PodScheduled", "False", "SchedulingGated"), phase="Pending")),
    ),
    "PodScheduled=False SchedulerError": Row(
        ("False", "Unschedulable", "a pod gets no node: bad affinity"),
        **starting(pod(condition("PodScheduled", "False", "SchedulerError", "bad affinity"), phase="Pending")),
    ),
    "PodScheduled missing": Row(("False", "Unschedulable", "no scheduler"), **starting(pod(phase="Pending"))),
    "PodScheduled missing for a moment": Row(
        ("False", "RolloutProgressing", "not all ready yet"), **starting(pod(phase="Pending", since=JUST_NOW))
    ),
    "PodReadyToStartContainers=False": Row(
        ("False", "RolloutProgressing", "container order is not created yet"),
        **starting(
            pod(
                condition("PodScheduled", "True"),
                condition("PodReadyToStartContainers", "False"),
                phase="Pending",
                containers=[waiting("ContainerCreating")],
            )
        ),
    ),
    "Initialized=False ContainersNotInitialized": Row(
        ("False", "RolloutProgressing", "init container first has not ended yet"),
        **starting(
            pod(
                condition("PodScheduled", "True"),
                condition("Initialized", "False", "ContainersNotInitialized"),
                phase="Pending",
                init_containers=[{"name": "first"}],
                inits=[running(name="first")],
                containers=[waiting("PodInitializing")],
            )
        ),
    ),
    "ContainersReady=False ContainersNotReady": Row(
        ("False", "ProbeFailing", "container order runs, but its readiness probe (GET /ready on port http) fails"),
        **starting(
            pod(condition("ContainersReady", "False", "ContainersNotReady"), HOT, node="n", containers=[running()])
        ),
    ),
    "ContainersReady=False UnknownContainerStatuses": Row(
        ("False", "RolloutProgressing", "not all ready yet"),
        **starting(pod(condition("ContainersReady", "False", "UnknownContainerStatuses"), HOT, node="n")),
    ),
    "Ready=False ReadinessGatesNotReady": Row(
        ("False", "ReplicasUnavailable", "a readiness gate of the pods is not met: example.com/lb"),
        **starting(
            pod(
                condition("Ready", "False", "ReadinessGatesNotReady"),
                node="n",
                containers=[running(ready=True)],
                gates=[{"conditionType": "example.com/lb"}],
            )
        ),
    ),
    "Ready=False, its node is lost": Row(
        ("True", "ReplicasUnavailable", "the node of a pod does not answer"),
        **short(pod(condition("Ready", "False"), node="n", containers=[running(ready=True)])),
    ),
    "Ready=False for a moment": Row(
        ("True", "ReplicasUnavailable", "the service answers"),
        **short(pod(condition("Ready", "False", since=JUST_NOW), node="n", containers=[running(ready=True)])),
    ),
    "Ready=False PodCompleted": Row(
        FINE, pods=(pod(condition("Ready", "False", "PodCompleted"), phase="Succeeded", containers=[]),)
    ),
    "Ready=False PodFailed": Row(
        ("False", "RolloutProgressing", "not all ready yet"),
        **starting(
            pod(condition("Ready", "False", "PodFailed"), phase="Failed", containers=[waiting("CrashLoopBackOff")])
        ),
    ),
    "Ready=True": Row(FINE, pods=(pod(condition("Ready", "True"), node="n", containers=[running(ready=True)]),)),
    **{
        f"DisruptionTarget=True {reason}": Row(
            ("True", "ReplicasUnavailable", "the service answers"),
            **short(pod(condition("DisruptionTarget", "True", reason), node="n", containers=[running(ready=True)])),
        )
        for reason in (
            *("PreemptionByScheduler", "DeletionByTaintManager", "EvictionByEvictionAPI"),
            *("DeletionByPodGC", "TerminationByKubelet"),
        )
    },
    **{
        f"PodResizePending=True {reason}": Row(
            FINE, pods=(pod(condition("PodResizePending", "True", reason), node="n", containers=[running(ready=True)]),)
        )
        for reason in ("Deferred", "Infeasible")
    },
    "PodResizeInProgress=True": Row(
        FINE, pods=(pod(condition("PodResizeInProgress", "True"), node="n", containers=[running(ready=True)]),)
    ),
    "PodResizeInProgress=True Error": Row(
        FINE,
        pods=(pod(condition("PodResizeInProgress", "True", "Error"), node="n", containers=[running(ready=True)]),),
    ),
    "AllContainersRestarting=True": Row(
        ("False", "ContainerFailing", "exits with code 1"),
        **starting(pod(condition("AllContainersRestarting", "True"), node="n", containers=[running(**ended(1))])),
    ),
    "a condition of tomorrow": Row(
        FINE, pods=(pod(condition("Levitating", "False"), node="n", containers=[running(ready=True)]),)
    ),
    "evicted long ago": Row(FINE, pods=(pod(phase="Failed", containers=[waiting("CrashLoopBackOff", **ended(137))]),)),
    "evicted long ago, during a scale-up": Row(
        ("True", "ReplicasUnavailable", "the service answers"),
        **short(pod(phase="Failed", containers=[waiting("CrashLoopBackOff", **ended(137))])),
    ),
    "being deleted": Row(
        ("True", "ReplicasUnavailable", "the service answers"),
        **short(pod(metadata={"deletionTimestamp": LONG_AGO}, containers=[running(**ended(137))])),
    ),
}


def crashing(code: int, reason: str = "Error", message: str = "", **more: Any) -> dict[str, Any]:
    return starting(pod(node="n", containers=[waiting("CrashLoopBackOff", **ended(code, reason, message))], **more))


GRPC = {"grpc": {"port": 7070}}
CONTAINER: dict[str, Row] = {
    **{
        f"waiting {reason}": Row(
            ("False", "ImageUnavailable", "container order cannot pull image order:1; check its name and tag"),
            **starting(pod(node="n", phase="Pending", containers=[waiting(reason, "toomanyrequests")])),
        )
        for reason in (
            *("ErrImagePull", "ImagePullBackOff", "InvalidImageName"),
            *("ErrImageNeverPull", "RegistryUnavailable"),
        )
    },
    **{
        f"waiting {reason}": Row(
            ("False", "ContainerFailing", 'container order cannot start: failed to start container "..."'),
            **starting(pod(node="n", containers=[waiting(reason, f'failed to start container "{"0a" * 32}"')])),
        )
        for reason in ("CreateContainerConfigError", "CreateContainerError", "RunContainerError")
    },
    "waiting ContainerCreating": Row(
        ("False", "RolloutProgressing", "or a volume, Secret or ConfigMap that it mounts is missing"),
        **starting(pod(node="n", phase="Pending", containers=[waiting("ContainerCreating")])),
    ),
    "waiting ContainerCreating for a moment": Row(
        ("False", "RolloutProgressing", "not all ready yet"),
        **starting(pod(node="n", phase="Pending", since=JUST_NOW, containers=[waiting("ContainerCreating")])),
    ),
    "waiting PodInitializing": Row(
        ("False", "RolloutProgressing", "not all ready yet"),
        **starting(pod(node="n", phase="Pending", containers=[waiting("PodInitializing")])),
    ),
    "waiting CrashLoopBackOff": Row(
        (
            *("False", "ContainerFailing"),
            "exits with code 3; read its log with kubectl logs -l app.kubernetes.io/name=order -c order --previous",
        ),
        **crashing(3),
    ),
    "waiting for a reason of tomorrow": Row(
        ("False", "RolloutProgressing", "not all ready yet"),
        **starting(pod(node="n", containers=[waiting("Levitating")])),
    ),
    "terminated Error": Row(
        ("False", "ContainerFailing", "exits with code 1"),
        **starting(pod(node="n", containers=[{"name": "order", "ready": False, "state": ended(1)["lastState"]}])),
    ),
    "terminated OOMKilled": Row(
        ("False", "ContainerFailing", "exceeding its memory limit; raise resources.limits.memory"),
        **crashing(137, "OOMKilled"),
    ),
    **{
        f"terminated {reason}": Row(
            ("False", "ContainerFailing", f"cannot start: {EXEC}"), **crashing(128, reason, EXEC)
        )
        for reason in ("StartError", "ContainerCannotRun")
    },
    "terminated Completed": Row(
        ("False", "ContainerFailing", "exited with code 0, or was stopped because its start-up"),
        **crashing(0, "Completed"),
    ),
    "terminated Completed, without probes": Row(
        ("False", "ContainerFailing", "exited with code 0; a service must keep running"),
        **crashing(0, "Completed", bare=True),
    ),
    "killed, as by a probe": Row(
        ("False", "ContainerFailing", f"was killed (exit code 137), {KILLED}"), **crashing(137)
    ),
    "killed and running again": Row(
        ("False", "ContainerFailing", f"was killed (exit code 143), {KILLED}"),
        **starting(pod(node="n", containers=[running(JUST_NOW, started=False, **ended(143))])),
    ),
    "killed, other probes": Row(
        (
            *("False", "ContainerFailing"),
            "its start-up probe (the command check) or its liveness probe (the gRPC health check on port 7070) fails",
        ),
        **crashing(
            137, container={"startupProbe": {"exec": {"command": ["check", "--token=secret"]}}, "livenessProbe": GRPC}
        ),
    ),
    "running, not started": Row(
        ("False", "ProbeFailing", f"container order runs, but its start-up probe ({GET_HEALTH}) fails"),
        **starting(pod(node="n", containers=[running(started=False)])),
    ),
    "running, not started for a moment": Row(
        ("False", "RolloutProgressing", "not all ready yet"),
        **starting(pod(node="n", containers=[running(JUST_NOW, started=False)])),
    ),
    "running, not ready, in a rollout": Row(
        ("False", "ProbeFailing", "its readiness probe (GET /ready on port http) fails"),
        **replacing(pod(node="n", containers=[running()])),
    ),
    "running, not ready, by HTTPS": Row(
        ("False", "ProbeFailing", "(HTTPS GET /up on port 8443)"),
        **starting(
            pod(
                node="n",
                containers=[running()],
                container={"readinessProbe": {"httpGet": {"path": "/up", "port": 8443, "scheme": "HTTPS"}}},
            )
        ),
    ),
    "running, not ready, by TCP": Row(
        ("False", "ProbeFailing", "(a connection to port 6379)"),
        **starting(pod(node="n", containers=[running()], container={"readinessProbe": {"tcpSocket": {"port": 6379}}})),
    ),
    "running, not ready, while others answer": Row(
        ("True", "ProbeFailing", "its readiness probe (GET /ready on port http) fails"),
        **short(pod(node="n", containers=[running()])),
    ),
    "running, ready": Row(FINE, pods=(pod(node="n", containers=[running(ready=True)]),)),
    "running, ready, restarted once": Row(FINE, pods=(pod(node="n", containers=[running(ready=True, **ended(1))]),)),
    "crashing, while others answer": Row(
        ("False", "ContainerFailing", "exits with code 1"),
        **short(pod(node="n", containers=[waiting("CrashLoopBackOff", **ended(1))])),
    ),
    "without a node, while others answer": Row(
        ("True", "Unschedulable", "no node fits a pod"),
        **short(pod(condition("PodScheduled", "False", "Unschedulable"), phase="Pending")),
    ),
    "crashing, and another without a node": Row(
        ("False", "ContainerFailing", "exits with code 1"),
        **starting(
            pod(condition("PodScheduled", "False", "Unschedulable"), phase="Pending", name="order-2"),
            pod(node="n", containers=[waiting("CrashLoopBackOff", **ended(1))]),
        ),
    ),
}

TABLES = {
    "Deployment": DEPLOYMENT,
    "Job": JOB,
    "migration Pod": MIGRATION_POD,
    "HorizontalPodAutoscaler": AUTOSCALER,
    "PodDisruptionBudget": BUDGET,
    "Service": SERVICE,
    "Pod": POD_CONDITIONS,
    "container": CONTAINER,
}
ROWS = [pytest.param(row, id=f"{kind}: {name}") for kind, rows in TABLES.items() for name, row in rows.items()]
# Types as in types.go; a reason of theirs that is new to this file belongs into its table.
DOCUMENTED = {
    "Deployment": {"Available", "Progressing", "ReplicaFailure"},
    "Job": {"Suspended", "Complete", "Failed", "FailureTarget", "SuccessCriteriaMet"},
    "HorizontalPodAutoscaler": {"ScalingActive", "AbleToScale", "ScalingLimited", "ScaledToZero"},
    "PodDisruptionBudget": {"DisruptionAllowed"},
    "Service": {"LoadBalancerPortsError"},
    "Pod": {
        *("PodScheduled", "PodReadyToStartContainers", "Initialized", "ContainersReady", "Ready"),
        *("DisruptionTarget", "PodResizePending", "PodResizeInProgress", "AllContainersRestarting"),
    },
}


@pytest.mark.parametrize("row", ROWS)
async def test_top_line(row: Row) -> None:
    status = await Ownership(row.spec, row.statuses, row.edits, row.pods).status()
    conditions = {c["type"]: c for c in status["conditions"]}
    ready = conditions["Ready"]
    expected, reason, words = row.top
    assert (ready["status"], ready["reason"]) == (expected, reason)
    assert words in ready["message"]
    assert ready["message"].strip()
    assert not ready["message"].endswith(".")
    assert ("Stalled" in conditions) == row.stalled
    assert serves(status) == row.serves
    assert conditions["WorkloadReady"]["status"] == ("True" if row.serves else "False")
    for kind in ("Stalled", "Reconciling"):
        assert kind not in conditions or conditions[kind]["message"] == ready["message"]


@pytest.mark.parametrize("row", ROWS)
async def test_the_same_world_is_the_same_status(row: Row) -> None:
    """Names of pods may differ, as after a restart of the node."""
    before = await Ownership(row.spec, row.statuses, row.edits, row.pods).status()
    renamed = tuple({**p, "metadata": {**p["metadata"], "name": p["metadata"]["name"] + "-other"}} for p in row.pods)
    after = await Ownership(row.spec, row.statuses, row.edits, renamed).status(before=before)
    assert after == before
    assert (patch(before, after), turn(before, after)) == ({}, None)


@pytest.mark.parametrize("kind", DOCUMENTED)
def test_every_documented_condition_has_a_row(kind: str) -> None:
    named = {name.partition("=")[0].partition(" ")[0] for name in TABLES[kind]}
    assert named >= DOCUMENTED[kind]


def test_a_caller_is_ready_while_its_dependency_is_rolled_out() -> None:
    assert OWNER == ("shop", "order")
    caller = context({"dependencies": [{"name": "user"}]}).microservice
    (dependency,) = caller.spec.dependencies or []
    for status, state in (("True", "Ready"), ("False", "Progressing")):
        body = {
            "status": {
                "conditions": [{"type": "WorkloadReady", "status": status}, {"type": "Ready", "status": "False"}]
            }
        }
        assert dependency_part(caller, dependency, (body, None)).state == state


IN_TIME = "the pods of the declared version are not all ready yet"


@pytest.mark.parametrize(
    ("pods", "after", "words"),
    [
        ((), 15.0, IN_TIME),
        ((pod(phase="Pending", since=ago(20)),), 40.0, IN_TIME),
        ((pod(node="n", containers=[running(ago(5))]),), 10.0, IN_TIME),
        ((pod(node="n", containers=[running(ago(16))]),), 60.0, "GET /ready"),
        ((pod(node="n", containers=[waiting("CrashLoopBackOff", **ended(1))]),), None, "exits with code 1"),
    ],
)
def test_what_is_normal_for_a_while_is_looked_at_again_when_it_is_due(
    pods: tuple[Object, ...], after: float | None, words: str
) -> None:
    found = workload(Ownership(**{k: v for k, v in starting(*pods).items() if k != "serves"}).snapshot())
    assert found.after == after
    assert words in found.message


def test_a_pod_that_starts_well_enqueues_nothing() -> None:
    asked: list[tuple[str, str]] = []
    pods = Pods(asked.append)
    for now in (
        pod(phase="Pending", since=JUST_NOW),
        pod(node="n", phase="Pending", containers=[waiting("ContainerCreating")]),
        pod(node="n", containers=[running(JUST_NOW, started=False)]),
        pod(node="n", containers=[running(JUST_NOW)]),
        pod(node="n", containers=[running(JUST_NOW, ready=True)]),
    ):
        pods.saw(now)
    assert asked == []
    pods.saw(pod(node="n", containers=[waiting("CrashLoopBackOff", **ended(1))]))
    assert asked == [OWNER]
