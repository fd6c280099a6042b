"""PURE: derives a child's state from the status that its controller writes.

It uses the conditions that Kubernetes documents (k8s.io/api: apps/v1, batch/v1, autoscaling/v2, policy/v1 and core/v1)
and ignores others. Messages contain nothing that differs between equal states: no counter, no name of a pod or
ReplicaSet.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from .. import names
from ..facts import Job, JobRun, Reason, State, Trouble, Workload

# One message for every stage of a successful rollout: each additional one would cost a status write.
ROLLING = "the pods of the declared version are not all ready yet"
SHORT = "the service answers, but not all of its pods are ready"
NOBODY = "no pod is ready"
# How long a new autoscaler may need until it has metrics: they are collected once a minute.
METRICS_SECONDS = 300.0
BUDGET_SECONDS = 60.0
# How long a Job's controller needs to create its first pod.
POD_SECONDS = 5.0

Object = Mapping[str, Any]


def calm(text: str) -> str:
    """Remove from a foreign message what differs between attempts: names of pods, ids of containers."""
    text = re.sub(r'\bpods? "[^"]*"', "a pod", text, flags=re.IGNORECASE)
    text = re.sub(r"\bPod [a-z0-9][-a-z0-9.]*", "a pod", text)
    text = re.sub(r"\b[0-9a-f]{12,}\b", "...", text)
    return " ".join(text.split()).rstrip(".")


def conditions(item: Object) -> dict[str, dict[str, Any]]:
    """Return the conditions of an object by type."""
    return {c["type"]: c for c in (item.get("status") or {}).get("conditions") or []}


def deployment_state(item: Object) -> Workload:
    """Return the state of a Deployment; the first failing check decides."""
    status, spec = item.get("status") or {}, item["spec"]
    counts = Workload(
        status.get("replicas", 0),
        status.get("readyReplicas", 0),
        status.get("updatedReplicas", 0),
        message=ROLLING,
        available=status.get("availableReplicas", 0),
    )
    conditions_by_type = conditions(item)
    failure = conditions_by_type.get("ReplicaFailure", {})
    if failure.get("status") == "True":
        return _refused(counts, failure)
    if status.get("observedGeneration", 0) < item["metadata"].get("generation", 1):
        return replace(counts, observed=False)
    if spec.get("paused"):
        return _paused(counts, item)
    progressing = conditions_by_type.get("Progressing", {})
    if progressing.get("status") == "False":
        return _stuck(counts, progressing)
    return _counted(counts, spec.get("replicas", 1), progressing.get("reason", ""))


def short(counts: Workload) -> Workload:
    """Return the state of a Deployment that answers with fewer pods than declared."""
    return replace(counts, state=State.READY, reason=Reason.REPLICAS_UNAVAILABLE, short=True, message=SHORT)


def job_state(item: Object) -> Job | JobRun:
    """Return the state of a migration Job, or one run of a scheduled job, whose Job belongs to its CronJob."""
    owners = [o["kind"] for o in item["metadata"].get("ownerReferences") or [] if o.get("controller")]
    return _job_run(item) if "CronJob" in owners else _migration_state(item)


def _migration_state(item: Object) -> Job:
    """Return the state of a Job. While its pods are still ending (FailureTarget, SuccessCriteriaMet) it runs."""
    status, conditions_by_type = item.get("status") or {}, conditions(item)
    if conditions_by_type.get("Complete", {}).get("status") == "True":
        return Job("Done")
    failed = conditions_by_type.get("Failed", {})
    if failed.get("status") == "True":
        return Job("Failed", Trouble(Reason.MIGRATION_FAILED, _why_failed(failed)))
    if conditions_by_type.get("Suspended", {}).get("status") == "True":
        remedy = "resume it (spec.suspend: false) or delete it"
        return Job("Running", Trouble(Reason.MIGRATION_SUSPENDED, "is suspended", remedy, State.STALLED))
    if status.get("failed"):
        remedy = f"read kubectl logs job/{item['metadata']['name']}"
        return Job("Running", Trouble(Reason.MIGRATION_RUNNING, "is retried after a failed attempt", remedy))
    if status.get("startTime") and not any(status.get(count) for count in ("active", "succeeded", "terminating")):
        remedy = f"see kubectl describe job {item['metadata']['name']}: a quota or an admission policy may refuse it"
        trouble = Trouble(Reason.MIGRATION_RUNNING, "has no pod", remedy, since=status["startTime"])
        return Job("Running", replace(trouble, patience=POD_SECONDS))
    return Job("Running")


def _job_run(item: Object) -> JobRun:
    """Return one run of a CronJob; a change before its end is none."""
    job, conditions_by_type = _scheduled_job(item), conditions(item)
    failed = conditions_by_type.get("Failed", {})
    if failed.get("status") == "True":
        failure = _why_failed(failed, "took longer than its activeDeadlineSeconds")
        return JobRun(job, failed.get("lastTransitionTime") or "", failure)
    complete = conditions_by_type.get("Complete", {})
    if complete.get("status") == "True":
        ended_at = (item.get("status") or {}).get("completionTime") or complete.get("lastTransitionTime")
        return JobRun(job, ended_at or "")
    return JobRun(job)


def cron_job_state(item: Object) -> JobRun:
    """Return the last run that succeeded, which a CronJob shows even if it keeps no finished Jobs."""
    return JobRun(_scheduled_job(item), (item.get("status") or {}).get("lastSuccessfulTime") or "")


def _scheduled_job(item: Object) -> str:
    return str((item["metadata"].get("labels") or {}).get(names.LABEL_JOB, ""))


def autoscaler_state(item: Object) -> Trouble | None:
    """Say why a HorizontalPodAutoscaler cannot work; at its limits, or with nothing to scale, it does work."""
    for kind in ("AbleToScale", "ScalingActive"):
        condition = conditions(item).get(kind, {})
        if condition.get("status") == "False" and condition.get("reason") != "ScalingDisabled":
            return Trouble(
                Reason.AUTOSCALING_INACTIVE,
                f"the autoscaler cannot work: {calm(condition.get('message') or condition.get('reason', kind))}",
                "fix its target or the metrics that it reads",
                State.READY,
                condition.get("lastTransitionTime", ""),
                METRICS_SECONDS,
            )
    return None


def budget_state(item: Object) -> Trouble | None:
    """Say why a PodDisruptionBudget does not work; one that currently allows no eviction does work."""
    condition = conditions(item).get("DisruptionAllowed", {})
    if condition.get("status") != "False" or condition.get("reason") != "SyncFailed":
        return None
    return Trouble(
        Reason.DISRUPTION_BUDGET_INACTIVE,
        "no pod can be evicted, because the disruption budget cannot be computed:"
        f" {calm(condition.get('message', ''))}",
        "",
        State.READY,
        condition.get("lastTransitionTime", ""),
        BUDGET_SECONDS,
    )


def service_state(item: Object) -> Trouble | None:
    """Say why a Service of type LoadBalancer cannot be reached."""
    if item["spec"].get("type") != "LoadBalancer":
        return None
    name = item["metadata"]["name"]
    failing = conditions(item).get("LoadBalancerPortsError", {})
    ingress = (item.get("status") or {}).get("loadBalancer", {}).get("ingress") or []
    errors = [port["error"] for entry in ingress for port in entry.get("ports") or [] if port.get("error")]
    if failing.get("status") == "True" or errors:
        why = calm(failing.get("message") or failing.get("reason") or errors[0])
        remedy = "change ports or the Service's annotations"
        message = f"the load balancer of Service {name} does not serve its ports: {why}"
        return Trouble(Reason.LOAD_BALANCER_FAILING, message, remedy, State.STALLED)
    if ingress:
        return None
    message = f"Service {name} has no load balancer yet"
    return Trouble(Reason.LOAD_BALANCER_PENDING, message, f"if this persists, see kubectl describe service {name}")


def _refused(counts: Workload, failure: Mapping[str, Any]) -> Workload:
    """Return the state of a Deployment whose pods cannot be created, or cannot be deleted."""
    message = calm(failure.get("message") or failure.get("reason", ""))
    if failure.get("reason") == "FailedDelete":
        return replace(counts, message=f"pods of an old version cannot be deleted: {message}")
    if "exceeded quota" in message:
        remedy, reason = "raise the quota, or lower replicas or requests", Reason.QUOTA_EXCEEDED
    else:
        remedy, reason = "change the spec or the policy that refuses it", Reason.REJECTED
    return replace(counts, state=State.STALLED, reason=reason, message=f"{message}; {remedy}")


def _paused(counts: Workload, item: Object) -> Workload:
    """Return the state after `kubectl rollout pause`; a new version waits until a person resumes it."""
    wanted, resume = item["spec"].get("replicas", 1), f"kubectl rollout resume deployment/{item['metadata']['name']}"
    paused = replace(counts, reason=Reason.ROLLOUT_PAUSED)
    if counts.updated == counts.replicas == wanted <= counts.available:
        message = f"the Deployment is paused, so the next version will not roll out; resume it with {resume}"
        return replace(paused, state=State.READY, message=message)
    message = f"the Deployment is paused, so the declared version does not roll out; resume it with {resume}"
    return replace(paused, state=State.STALLED, message=message)


def _stuck(counts: Workload, progressing: Mapping[str, Any]) -> Workload:
    stuck = replace(counts, state=State.STALLED, reason=Reason.ROLLOUT_STUCK)
    if progressing.get("reason") == "ProgressDeadlineExceeded":
        return replace(stuck, message="the rollout made no progress within its deadline; look at the pods' events")
    message = calm(progressing.get("message") or progressing.get("reason", ""))
    return replace(stuck, message=f"the rollout has stopped: {message}")


def _counted(counts: Workload, wanted: int, progress: str) -> Workload:
    """Return the state by the counts of pods, if nothing else is wrong.

    A rollout is over when its controller says so, and stays over: pods that an autoscaler adds later, or that a lost
    node removes, do not start a new one.
    """
    complete = counts.updated == counts.replicas == wanted <= counts.available
    if not complete and not (progress == "NewReplicaSetAvailable" and counts.updated == counts.replicas):
        return counts
    if wanted == 0 and counts.replicas == 0:
        return replace(counts, state=State.READY, reason=Reason.SCALED_TO_ZERO, message="scaled to zero: no pod runs")
    if counts.available >= wanted > 0:  # surplus pods are being deleted
        return replace(counts, state=State.READY, reason=Reason.READY, message="")
    if not counts.serves:
        return replace(counts, reason=Reason.REPLICAS_UNAVAILABLE, message=NOBODY)
    return short(counts)


def _why_failed(failed: Mapping[str, Any], too_long: str = "took longer than its timeout") -> str:
    """Describe a failure by the reasons of batch/v1."""
    reason = failed.get("reason", "")
    messages = {
        "DeadlineExceeded": too_long,
        "BackoffLimitExceeded": "failed in every attempt",
    }
    return messages.get(reason) or f"failed ({reason})" if reason else "failed"


STATES: Mapping[str, Callable[[Object], Any]] = {
    "Deployment": deployment_state,
    "Job": job_state,
    "CronJob": cron_job_state,
    "HorizontalPodAutoscaler": autoscaler_state,
    "PodDisruptionBudget": budget_state,
    "Service": service_state,
}
