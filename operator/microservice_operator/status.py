"""PURE: the facts of a pass → the status of a Microservice, by the rules of kstatus.

`Ready` says in one reason what is the matter; `Reconciling` and `Stalled` stand only while true; every other condition
stands only where the spec declares such a part. The same facts always give the same status.
"""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any

from .facts import Event, Facts, Part, Reason, Section, State

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
)

# Reasons that a person wants to hear of although they may pass by themselves.
WARNED = frozenset(
    {
        Reason.IMAGE_UNAVAILABLE.value,
        Reason.CONTAINER_FAILING.value,
        Reason.DATABASE_UNREACHABLE.value,
        Reason.AUTOSCALING_INACTIVE.value,
        Reason.DISRUPTION_BUDGET_INACTIVE.value,
        Reason.PASS_OVERRUN.value,
    }
)
# The pods' own trouble goes before what stands before them.
BEHIND_THE_PODS = frozenset({Reason.LOAD_BALANCER_PENDING})
# Under these, counts are final; under others each pod would cost a write.
SETTLED = frozenset({Reason.READY.value, Reason.SCALED_TO_ZERO.value, Reason.ROLLOUT_PAUSED.value})

# The worst first: what a part in this state means for the whole.
ORDER = (State.STALLED, State.UNKNOWN, State.PROGRESSING, State.DELETING, State.READY, State.RETAINED)
VERDICT = {State.READY: "True", State.RETAINED: "True", State.UNKNOWN: "Unknown"}


def summarise(facts: Facts, before: Mapping[str, Any], now: str) -> dict[str, Any]:
    """The status to be; equal to `before` when nothing of it changed.

    `now` is an RFC 3339 time for conditions whose status changes.
    """
    ready = _ready(facts)
    conditions = [_condition("Ready", ready), *_progress(ready, facts), *_sections(facts)]
    untouched = facts.refused is not None or facts.suspended
    placed = untouched or bool(facts.deletion)
    if untouched:
        # Nothing was looked at outside, so what was known stays known: above all the ids of what holds data.
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
    }
    return status | {key: value for key, value in optional.items() if value}


def patch(before: Mapping[str, Any], after: Mapping[str, Any]) -> dict[str, Any]:
    """Merge patch from one status to the next: what changed, and null for what is gone; empty when equal.

    A change of the counts alone, while pods come and go, is not worth a write: each pod would cost one. The step to or
    from none that is ready is, and so is the end: that one changes a condition, too.
    """
    changed = {key: _merge(before.get(key), value) for key, value in after.items() if before.get(key) != value}
    gone = {key: None for key in before if key not in after}
    pods = next((c for c in after["conditions"] if c["type"] == "WorkloadReady"), {"reason": ""})
    stepped = bool(before.get("readyReplicas")) != bool(after.get("readyReplicas"))
    if not gone and set(changed) <= {"replicas", "readyReplicas"} and pods["reason"] not in SETTLED and not stepped:
        return {}
    return changed | gone


def _merge(before: Any, after: Any) -> Any:
    """A merge patch leaves what it does not name."""
    if not isinstance(before, Mapping) or not isinstance(after, Mapping):
        return after
    return {**after, **{key: None for key in before if key not in after}}


def serves(status: Mapping[str, Any]) -> bool:
    """Whether one of a Microservice's pods answers at least.

    Were it Ready that counts, two that need each other would wait for ever, and a rollout would go on to all callers.
    """
    return any(c["type"] == "WorkloadReady" and c["status"] == "True" for c in status.get("conditions") or [])


def _ready(facts: Facts) -> Part:
    """The part that decides: the first of the worst, in the order in which one waits for the other."""
    if facts.deletion:
        return _worst(facts.deletion) or facts.deletion[0]
    if facts.refused is not None:
        return facts.refused
    if facts.suspended:
        message = "suspend is set; nothing is written until it is removed"
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
    """What does not keep a service from answering, and is not as declared all the same: pods first."""
    found = [part for part in parts if part.state is State.READY and part.reason is not Reason.READY and part.message]
    return min(found, key=lambda part: part.kind != "Deployment", default=None)


def _worst(parts: Iterable[Part]) -> Part | None:
    listed = [part for part in parts if part.state not in (State.READY, State.RETAINED)]
    return min(listed, key=lambda part: ORDER.index(part.state)) if listed else None


def _workload(facts: Facts) -> Part | None:
    if facts.workload is None:
        return None
    w = facts.workload
    return Part("Kubernetes", "Deployment", "", w.state, w.reason, w.message)


def _progress(ready: Part, facts: Facts) -> list[dict[str, Any]]:
    """`Reconciling` or `Stalled`, never both; a suspended one is neither.

    One that answers is Ready and Reconciling while some of its pods are awaited.
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
        # whether a pod answers, whatever else goes on; Ready is about what is declared
        told = replace(workload, message=workload.message or "all pods are ready")
        yield _condition("WorkloadReady", told) | {"status": "True" if facts.workload.serves else "False"}
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


def _condition(kind: str, part: Part) -> dict[str, Any]:
    return {
        "type": kind,
        "status": VERDICT.get(part.state, "False"),
        "reason": part.reason.value,
        "message": part.message[:MESSAGE_LIMIT],
    }


def _problems(facts: Facts) -> Iterable[dict[str, Any]]:
    """What is wrong by field of the spec: errors, then what is declared and does not come about."""
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
    """Parts outside Kubernetes first: should the list be cut, their identifiers are what must not be lost."""
    external = [*facts.external, *facts.deletion]
    return sorted(external, key=_resource_key) + sorted(_wanted(facts), key=_resource_key)


def _wanted(facts: Facts) -> list[Part]:
    """Children without those just pruned: nothing is left to wait for, and no pass comes to take them off the list."""
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


def turn(before: Mapping[str, Any], after: Mapping[str, Any]) -> Event | None:
    """The Event that a change of `Ready` is worth: trouble that came, and trouble that went."""
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
