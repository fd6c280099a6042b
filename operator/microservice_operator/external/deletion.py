"""PURE: which external resources are to be deleted or retained, and by which policy.

What holds data and is no longer declared is retained: its declaration, and with it the consent to delete, is gone. A
Microservice that never was valid can be deleted all the same, so its spec is read here as untrusted plain data.
"""

from collections.abc import Iterable, Mapping
from typing import Any

from ..api.parsing import Environment
from ..resources import Policy, Removal
from .graph import Key
from .resource import ExternalResource

ExternalResources = Iterable[ExternalResource]
POLICIES: dict[str, Policy] = {"Retain": "Retain", "Snapshot": "Snapshot", "Delete": "Delete"}


def known_of(resource: ExternalResource, name: str, known_ids: Mapping[Key, str]) -> dict[str, str]:
    """Ids of one resource and of its companions, by kind."""
    return {kind: known_ids[kind, name] for kind in resource.kinds if (kind, name) in known_ids}


def undeclared(
    resources: ExternalResources, declared: Iterable[Key], known_ids: Mapping[Key, str]
) -> dict[Key, Removal]:
    """Resources that status remembers and the spec no longer declares."""
    kept = set(declared)
    gone = [
        (resource, name)
        for resource in resources
        for name in sorted(_names(resource, known_ids))
        if (resource.kind, name) not in kept
    ]
    return {
        (resource.kind, name): Removal(name, resource.policy, known_of(resource, name, known_ids))
        for resource, name in gone
    }


def everything(
    resources: ExternalResources, spec: Any, environment: Environment | None, known_ids: Mapping[Key, str]
) -> dict[Key, Removal]:
    """All resources of a Microservice that is being deleted, declared or remembered."""
    resources = tuple(resources)
    removals = undeclared(resources, (), known_ids)
    for resource in resources:
        for item in resource.declarations(spec if isinstance(spec, Mapping) else {}, environment):
            policy = POLICIES.get(item.policy, resource.policy)
            ids = known_of(resource, item.name, known_ids)
            removals[resource.kind, item.name] = Removal(item.name, policy, ids, item.adopts)
    return removals


def _names(resource: ExternalResource, known_ids: Mapping[Key, str]) -> set[str]:
    return {name for kind, name in known_ids if kind in resource.kinds}
