"""PURE: which parts outside the cluster are to go, and by which policy.

What holds data and is no longer declared is retained: its declaration, and with it the consent to delete, is gone. A
Microservice that never was valid can be deleted all the same, so its spec is read here as plain data, trusting nothing.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from ..api.parsing import Environment
from ..facts import Part, State
from .graph import Key
from .resource_type import Policy, Sort

Sorts = Iterable[Sort]
POLICIES: dict[str, Policy] = {"Retain": "Retain", "Snapshot": "Snapshot", "Delete": "Delete"}


@dataclass(frozen=True)
class Leaves:
    """One part that is to go; `known` are the ids that status remembers, by kind, `adopts` what it took over."""

    policy: Policy
    known: Mapping[str, str] = field(default_factory=dict)
    adopts: str = ""

    def named(self, key: Key) -> Mapping[str, str]:
        """Its ids by kind, if any: what is declared and was never made has none."""
        return self.known or {key[0]: ""}


def known_parts(status: Mapping[str, Any]) -> dict[Key, str]:
    """What `status.resources` remembers outside the cluster."""
    listed = status.get("resources") or []
    return {(item["kind"], item["name"]): item.get("id", "") for item in listed if item.get("layer") != "Kubernetes"}


def known_of(sort: Sort, name: str, known: Mapping[Key, str]) -> dict[str, str]:
    """Ids of one part and of what is beside it, by kind."""
    return {kind: known[kind, name] for kind in sort.kinds if (kind, name) in known}


def undeclared(sorts: Sorts, declared: Iterable[Key], known: Mapping[Key, str]) -> dict[Key, Leaves]:
    """Parts that status remembers and the spec does not declare any more."""
    kept = set(declared)
    gone = [(sort, name) for sort in sorts for name in sorted(_names(sort, known)) if (sort.kind, name) not in kept]
    return {(sort.kind, name): Leaves(sort.policy, known_of(sort, name, known)) for sort, name in gone}


def everything(sorts: Sorts, spec: Any, environment: Environment | None, known: Mapping[Key, str]) -> dict[Key, Leaves]:
    """All parts of a Microservice that is being deleted, declared or remembered."""
    sorts = tuple(sorts)
    leaving = undeclared(sorts, (), known)
    for sort in sorts:
        for item in sort.declared(spec if isinstance(spec, Mapping) else {}, environment):
            policy = POLICIES.get(item.policy, sort.policy)
            leaving[sort.kind, item.name] = Leaves(policy, known_of(sort, item.name, known), item.adopts)
    return leaving


def is_over(part: Part) -> bool:
    """Whether nothing of a leaving part is left to do."""
    return part.state in (State.READY, State.RETAINED)


def _names(sort: Sort, known: Mapping[Key, str]) -> set[str]:
    return {name for kind, name in known if kind in sort.kinds}
