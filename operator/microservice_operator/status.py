"""PURE: the facts of a pass → the status of a Microservice, by the rules of kstatus.

`Ready` says in one reason what is the matter; `Reconciling` and `Stalled` stand only while true; every other condition
stands only where the spec declares such a part. The same facts always give the same status.
"""

from collections.abc import Iterable, Mapping
from typing import Any

from .facts import Event, Facts, Part, Reason, State

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
WARNED = frozenset({r.value for r in (Reason.IMAGE_UNAVAILABLE, Reason.CONTAINER_FAILING, Reason.DATABASE_UNREACHABLE)})

# The worst first: what a part in this state means for the whole.
ORDER = (State.STALLED, State.UNKNOWN, State.PROGRESSING, State.DELETING, State.READY, State.RETAINED)
VERDICT = {State.READY: "True", State.RETAINED: "True", State.UNKNOWN: "Unknown"}


def summarise(facts: Facts, before: Mapping[str, Any], now: str) -> dict[str, Any]:
    """The status to be; equal to `before` when nothing of it changed.

    `now` is an RFC 3339 time for conditions whose status changes.
    """
    ready = _ready(facts)
    conditions = [_condition("Ready", ready), *_progress(ready), *_sections(facts)]
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
        "problems": [
            {"severity": "Error", "field": problem.field, "message": problem.message[:MESSAGE_LIMIT]}
            for problem in facts.problems[:PROBLEM_LIMIT]
        ],
        "deletion": [_resource(part) for part in facts.deletion],
        "lastHandledReconcileAt": facts.reconcile_requested_at,
        "lastHandledRecreate": before.get("lastHandledRecreate") if untouched else facts.recreated,
    }
    return status | {key: value for key, value in optional.items() if value}


def patch(before: Mapping[str, Any], after: Mapping[str, Any]) -> dict[str, Any]:
    """Merge patch from one status to the next: what changed, and null for what is gone; empty when equal.

    A change of the counts alone, while a rollout goes on, is not worth a write: each pod would cost one.
    """
    changed = {key: _merge(before.get(key), value) for key, value in after.items() if before.get(key) != value}
    gone = {key: None for key in before if key not in after}
    ready = next((c["status"] for c in after["conditions"] if c["type"] == "Ready"), "")
    if not gone and ready != "True" and set(changed) <= {"replicas", "readyReplicas"}:
        return {}
    return changed | gone


def _merge(before: Any, after: Any) -> Any:
    """A merge patch leaves what it does not name."""
    if not isinstance(before, Mapping) or not isinstance(after, Mapping):
        return after
    return {**after, **{key: None for key in before if key not in after}}


def serves(status: Mapping[str, Any]) -> bool:
    """Whether a Microservice's pods answer. Were it Ready that counts, two that need each other would wait for ever."""
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
    workload = _workload(facts)
    parts = [
        *facts.outside,
        *(p for p in _wanted(facts) if p.state is not State.PROGRESSING),
        *(p for p in _wanted(facts) if p.message and p.state is State.PROGRESSING),
        *([workload] if workload else []),
        *(p for p in facts.dependencies or () if not p.optional),
    ]
    return _worst(parts) or Part(
        "Kubernetes", "Microservice", "", State.READY, Reason.READY, "everything declared is ready"
    )


def _worst(parts: Iterable[Part]) -> Part | None:
    listed = [part for part in parts if part.state not in (State.READY, State.RETAINED)]
    return min(listed, key=lambda part: ORDER.index(part.state)) if listed else None


def _workload(facts: Facts) -> Part | None:
    if facts.workload is None:
        return None
    w = facts.workload
    return Part("Kubernetes", "Deployment", "", w.state, w.reason, w.message)


def _progress(ready: Part) -> list[dict[str, Any]]:
    """`Reconciling` or `Stalled`, never both; a suspended one is neither."""
    if ready.reason is Reason.SUSPENDED or ready.state is State.READY:
        return []
    if ready.state is State.STALLED:
        return [{"type": "Stalled", "status": "True", "reason": ready.reason.value, "message": ready.message}]
    return [{"type": "Reconciling", "status": "True", "reason": "Progressing", "message": ready.message}]


def _sections(facts: Facts) -> Iterable[dict[str, Any]]:
    workload = _workload(facts)
    if workload is not None:
        yield _condition("WorkloadReady", workload)
    for kind, parts, fine in (
        ("DatabasesReady", facts.databases, "all databases are ready"),
        ("TablesReady", facts.tables, "all tables are ready"),
        ("MessagingReady", facts.messaging, "all topics, queues and subscriptions are ready"),
        ("IdentityReady", facts.identity, "the service's identity is ready"),
        ("RoutesReady", facts.routes, "all routes are ready"),
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


def _dated(condition: dict[str, Any], generation: int, before: Mapping[str, Any], now: str) -> dict[str, Any]:
    empty: Mapping[str, Any] = {}
    old = next((c for c in before.get("conditions") or [] if c["type"] == condition["type"]), empty)
    same = old.get("status") == condition["status"]
    changed = old["lastTransitionTime"] if same else now
    return condition | {"observedGeneration": generation, "lastTransitionTime": changed}


def _sorted(facts: Facts) -> list[Part]:
    """Parts outside Kubernetes first: should the list be cut, their identifiers are what must not be lost."""
    outside = [*facts.outside, *facts.deletion]
    return sorted(outside, key=_resource_key) + sorted(_wanted(facts), key=_resource_key)


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
    went = new.get("status") == "True" and (_stalled(before) or old.get("reason") in WARNED)
    return Event("Normal", Reason.READY, new["message"]) if went else None


def _ready_of(state: Mapping[str, Any]) -> Mapping[str, Any]:
    empty: Mapping[str, Any] = {}
    return next((c for c in state.get("conditions") or [] if c["type"] == "Ready"), empty)


def _stalled(state: Mapping[str, Any]) -> bool:
    return any(c["type"] == "Stalled" and c["status"] == "True" for c in state.get("conditions") or [])
