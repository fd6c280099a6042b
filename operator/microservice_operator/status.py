"""PURE: computes the status of a Microservice from the facts of a reconciliation, by the rules of kstatus.

`Ready` gives one reason; `Reconciling` and `Stalled` exist only while true; every other condition exists only if the
spec declares its section. The same facts always give the same status.
"""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any

from .facts import Credentials, Event, Facts, JobResult, Part, Reason, Section, State

MESSAGE_LIMIT = 1024
RESOURCE_LIMIT = 240
PROBLEM_LIMIT = 64

CARRIED = (
    "DatabasesReady",
    "TablesReady",
    "MessagingReady",
    "IdentityReady",
    "RoutesReady",
    "DependenciesReady",
    "JobsSucceeded",
)

# Reasons that deserve a Warning although they may resolve without a person.
WARNED = frozenset(
    {
        Reason.IMAGE_UNAVAILABLE.value,
        Reason.CONTAINER_FAILING.value,
        Reason.DATABASE_UNREACHABLE.value,
        Reason.AUTOSCALING_INACTIVE.value,
        Reason.DISRUPTION_BUDGET_INACTIVE.value,
        Reason.RECONCILIATION_TIMEOUT.value,
    }
)
# Problems of the pods themselves come before problems of what is in front of them.
BEHIND_THE_PODS = frozenset({Reason.LOAD_BALANCER_PENDING})
# With these reasons the counts are final; with others each pod would cost a write.
SETTLED = frozenset({Reason.READY.value, Reason.SCALED_TO_ZERO.value, Reason.ROLLOUT_PAUSED.value})

# The worst state first.
ORDER = (State.STALLED, State.UNKNOWN, State.PROGRESSING, State.DELETING, State.READY, State.RETAINED)
VERDICT = {State.READY: "True", State.RETAINED: "True", State.UNKNOWN: "Unknown"}


def summarise(facts: Facts, before: Mapping[str, Any], now: str) -> dict[str, Any]:
    """Compute the new status; it equals `before` if nothing changed.

    `now` is an RFC 3339 time for conditions whose status changes.
    """
    ready = _ready(facts)
    conditions = [_condition("Ready", ready), *_progress(ready, facts), *_sections(facts)]
    untouched = facts.refused is not None or facts.suspended
    placed = untouched or bool(facts.deletion)
    if untouched:
        # No external resource was read, so known facts stay, above all the ids of resources with data.
        there = {condition["type"] for condition in conditions}
        old = before.get("conditions") or []
        conditions += [c for c in old if c["type"] in CARRIED and c["type"] not in there]
    status: dict[str, Any] = {
        "observedGeneration": facts.generation,
        "conditions": [_dated(c, facts.generation, before, now) for c in conditions],
    }
    if facts.workload is not None:
        status["replicas"] = facts.workload.replicas
        status["readyReplicas"] = facts.workload.ready
    optional = {
        "selector": facts.selector,
        "endpoints": {
            name: address for name, address in (("internal", facts.endpoint), ("gateway", facts.gateway)) if address
        },
        "environment": before.get("environment") if placed else facts.environment,
        "environmentFrom": before.get("environmentFrom") if placed else facts.environment_from,
        "resources": before.get("resources") if untouched else [_resource(p) for p in _sorted(facts)][:RESOURCE_LIMIT],
        "problems": list(_problems(facts))[:PROBLEM_LIMIT],
        "deletion": [_resource(part) for part in facts.deletion],
        "lastHandledReconcileAt": facts.reconcile_requested_at,
        "lastHandledRecreate": before.get("lastHandledRecreate") if untouched else facts.recreated,
        "lastHandledRotateAt": before.get("lastHandledRotateAt") if placed else facts.rotated,
        "jobs": before.get("jobs") if placed else [_job(result) for result in facts.jobs or ()],
        "credentials": before.get("credentials") if placed else [_credentials(each) for each in facts.credentials],
    }
    return status | {key: value for key, value in optional.items() if value}


def patch(before: Mapping[str, Any], after: Mapping[str, Any]) -> dict[str, Any]:
    """Return the merge patch from one status to the next, with null for removed fields; empty if they are equal.

    While pods come and go, a change of only the counts is not written, because each pod would cost a write. A change
    from or to zero ready pods is written, and so is the end of the rollout, which also changes a condition.
    """
    changed = {key: _merge(before.get(key), value) for key, value in after.items() if before.get(key) != value}
    gone = {key: None for key in before if key not in after}
    pods = next((c for c in after["conditions"] if c["type"] == "WorkloadReady"), {"reason": ""})
    stepped = bool(before.get("readyReplicas")) != bool(after.get("readyReplicas"))
    if not gone and set(changed) <= {"replicas", "readyReplicas"} and pods["reason"] not in SETTLED and not stepped:
        return {}
    return changed | gone


def _merge(before: Any, after: Any) -> Any:
    """Add null for removed keys, because a merge patch keeps the keys that it does not name."""
    if not isinstance(before, Mapping) or not isinstance(after, Mapping):
        return after
    return {**after, **{key: None for key in before if key not in after}}


def serves(status: Mapping[str, Any]) -> bool:
    """Return whether at least one pod of a Microservice answers.

    If Ready counted, two Microservices that need each other would never start, and a rollout would affect all callers.
    """
    return any(c["type"] == "WorkloadReady" and c["status"] == "True" for c in status.get("conditions") or [])


def _ready(facts: Facts) -> Part:
    """Return the part that decides `Ready`: the first one in the worst state, in dependency order."""
    if facts.deletion:
        return _worst(facts.deletion) or facts.deletion[0]
    if facts.refused is not None:
        return facts.refused
    if facts.suspended:
        message = "spec.suspend is set, so the operator writes nothing; remove it to continue"
        return Part("Kubernetes", "Microservice", "", State.PROGRESSING, Reason.SUSPENDED, message)
    workload, children = _workload(facts), _wanted(facts)
    front = [p for p in children if p.reason in BEHIND_THE_PODS]
    parts = [
        *facts.external,
        *(p for p in children if p.state is not State.PROGRESSING),
        *(p for p in children if p.message and p.state is State.PROGRESSING and p not in front),
        *([workload] if workload else []),
        *front,
        *(p for p in facts.dependencies or () if not p.optional),
    ]
    fine = Part("Kubernetes", "Microservice", "", State.READY, Reason.READY, "everything declared is ready")
    return _worst(parts) or _remarkable(parts) or fine


def _remarkable(parts: Iterable[Part]) -> Part | None:
    """Return a part that does not stop the service from answering, but differs from its declaration; pods first."""
    remarkable = [
        part for part in parts if part.state is State.READY and part.reason is not Reason.READY and part.message
    ]
    return min(remarkable, key=lambda part: part.kind != "Deployment", default=None)


def _worst(parts: Iterable[Part]) -> Part | None:
    listed = [part for part in parts if part.state not in (State.READY, State.RETAINED)]
    return min(listed, key=lambda part: ORDER.index(part.state)) if listed else None


def _workload(facts: Facts) -> Part | None:
    if facts.workload is None:
        return None
    w = facts.workload
    return Part("Kubernetes", "Deployment", "", w.state, w.reason, w.message)


def _progress(ready: Part, facts: Facts) -> list[dict[str, Any]]:
    """Return `Reconciling` or `Stalled`, never both; a suspended Microservice has neither.

    A service that answers is Ready and Reconciling while some of its pods are not ready yet.
    """
    short = facts.workload is not None and facts.workload.short
    if ready.reason is Reason.SUSPENDED or (ready.state is State.READY and not short):
        return []
    message = ready.message[:MESSAGE_LIMIT]
    if ready.state is State.STALLED:
        return [{"type": "Stalled", "status": "True", "reason": ready.reason.value, "message": message}]
    return [{"type": "Reconciling", "status": "True", "reason": "Progressing", "message": message}]


def _sections(facts: Facts) -> Iterable[dict[str, Any]]:
    workload = _workload(facts)
    if facts.workload is not None and workload is not None:
        # true if a pod answers; Ready covers everything that is declared
        workload_part = replace(workload, message=workload.message or "all pods are ready")
        yield _condition("WorkloadReady", workload_part) | {"status": "True" if facts.workload.serves else "False"}
    for kind, parts, fine in (
        ("DatabasesReady", facts.sections.get(Section.DATABASES), "all databases are ready"),
        ("TablesReady", facts.sections.get(Section.TABLES), "all tables are ready"),
        ("MessagingReady", facts.sections.get(Section.MESSAGING), "all topics, queues and subscriptions are ready"),
        ("IdentityReady", facts.sections.get(Section.IDENTITY), "the service's identity is ready"),
        ("RoutesReady", facts.sections.get(Section.ROUTES), "all routes are ready"),
        ("DependenciesReady", facts.dependencies, "all dependencies are ready"),
    ):
        if parts is not None:
            calm = Part("Kubernetes", kind, "", State.READY, Reason.READY, fine)
            yield _condition(kind, _worst(parts) or calm)
    if facts.jobs is not None:
        yield _condition("JobsSucceeded", _last_runs(facts.jobs))


def _last_runs(results: Iterable[JobResult]) -> Part:
    """Return the first job whose last run failed; the service itself is ready nevertheless."""
    failed = next((result for result in results if not result.succeeded), None)
    if failed is None:
        return Part("Kubernetes", "CronJob", "", State.READY, Reason.READY, "no last run of a scheduled job failed")
    return Part("Kubernetes", "CronJob", failed.job, State.STALLED, Reason.JOB_FAILED, failed.message)


def _condition(kind: str, part: Part) -> dict[str, Any]:
    return {
        "type": kind,
        "status": VERDICT.get(part.state, "False"),
        "reason": part.reason.value,
        "message": part.message[:MESSAGE_LIMIT],
    }


def _problems(facts: Facts) -> Iterable[dict[str, Any]]:
    """Yield the problems by field of the spec: errors, then warnings about declarations without effect."""
    wrong = [part.problem for part in (*facts.external, *_wanted(facts)) if part.field and part.state is State.STALLED]
    noticed = [part.problem for part in _wanted(facts) if part.field and part.state is State.READY and part.message]
    warnings = (*noticed, *facts.notices)
    for severity, problems in (("Error", dict.fromkeys((*facts.problems, *wrong))), ("Warning", warnings)):
        for problem in problems:
            yield {"severity": severity, "field": problem.field, "message": problem.message[:MESSAGE_LIMIT]}


def _dated(condition: dict[str, Any], generation: int, before: Mapping[str, Any], now: str) -> dict[str, Any]:
    empty: Mapping[str, Any] = {}
    old = next((c for c in before.get("conditions") or [] if c["type"] == condition["type"]), empty)
    same = old.get("status") == condition["status"]
    changed = old["lastTransitionTime"] if same else now
    return condition | {"observedGeneration": generation, "lastTransitionTime": changed}


def _sorted(facts: Facts) -> list[Part]:
    """Sort parts, external resources first: if the list is cut, their identifiers must not be lost."""
    external = [*facts.external, *facts.deletion]
    return sorted(external, key=_resource_key) + sorted(_wanted(facts), key=_resource_key)


def _wanted(facts: Facts) -> list[Part]:
    """Return children without those just pruned: no later reconciliation would remove them from the list."""
    return [part for part in facts.children if part.state is not State.DELETING]


def _resource_key(part: Part) -> tuple[str, str, str]:
    return part.layer, part.kind, part.name


def _resource(part: Part) -> dict[str, Any]:
    entry = {
        "layer": part.layer,
        "kind": part.kind,
        "name": part.name,
        "id": part.id,
        "state": part.state.value,
        "message": part.message[:MESSAGE_LIMIT],
    }
    return {key: value for key, value in entry.items() if value}


def _credentials(credentials: Credentials) -> dict[str, Any]:
    entry = {"database": credentials.database, "login": credentials.login, "rotatedAt": credentials.rotated_at}
    return {key: value for key, value in entry.items() if value}


def _job(result: JobResult) -> dict[str, Any]:
    entry = {
        "name": result.job,
        "lastResult": "Succeeded" if result.succeeded else "Failed",
        "lastEndedAt": result.ended_at,
        "message": result.message[:MESSAGE_LIMIT],
    }
    return {key: value for key, value in entry.items() if value}


def turn(before: Mapping[str, Any], after: Mapping[str, Any]) -> Event | None:
    """Return the Event for a change of `Ready`, if a problem began or ended."""
    old, new = _ready_of(before), _ready_of(after)
    came = _stalled(after) and (not _stalled(before) or old.get("reason") != new.get("reason"))
    if came or (new.get("reason") in WARNED and old.get("reason") != new.get("reason")):
        return Event("Warning", Reason(new["reason"]), new["message"])
    fine = new.get("status") == "True" and new.get("reason") not in WARNED
    went = fine and (_stalled(before) or old.get("reason") in WARNED)
    return Event("Normal", Reason.READY, new["message"]) if went else None


def _ready_of(state: Mapping[str, Any]) -> Mapping[str, Any]:
    empty: Mapping[str, Any] = {}
    return next((c for c in state.get("conditions") or [] if c["type"] == "Ready"), empty)


def _stalled(state: Mapping[str, Any]) -> bool:
    return any(c["type"] == "Stalled" and c["status"] == "True" for c in state.get("conditions") or [])
