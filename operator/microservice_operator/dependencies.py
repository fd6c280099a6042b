"""PURE: determines the state of each declared dependency from the other Microservice."""

import re
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from . import names
from .api.microservice import Dependency
from .api.parsing import Microservice
from .api.stores import TableRef
from .facts import Part, Reason, State
from .status import serves

DependencyBody = tuple[Mapping[str, Any], Microservice | None]


def dependency_part(caller: Microservice, dependency: Dependency, target: DependencyBody | None) -> Part:
    """Report one dependency: the other Microservice exists, allows the caller, and is ready."""
    name = dependency.name
    if target is None:
        message = (
            f"Microservice {name} does not exist in namespace {caller.namespace}; create it or remove the dependency"
        )
        return _part(dependency, Reason.DEPENDENCY_MISSING, message)
    body, service = target
    if service is not None and not service.url:
        message = (
            f"Microservice {name} has no port (ports: []), so nothing can call it; add a port to its spec.ports or"
            " remove the dependency"
        )
        return _part(dependency, Reason.DEPENDENCY_WITHOUT_PORT, message)
    if service is not None and not _admits(service, caller):
        message = f"Microservice {name} does not allow this one; add {{microservice: {caller.name}}} to its access.from"
        return _part(dependency, Reason.DEPENDENCY_NOT_ADMITTED, message)
    if not serves(body.get("status") or {}):
        return _part(dependency, Reason.DEPENDENCY_NOT_READY, f"Microservice {name} is not ready; see its conditions")
    return Part("Kubernetes", "Microservice", name, State.READY, optional=dependency.optional)


def dependency_urls(
    caller: Microservice, find: Callable[[str], DependencyBody | None], running: Mapping[str, str]
) -> dict[str, str]:
    """Return the URL of each dependency, from its own spec.

    If a dependency is absent, invalid or without ports, the URL that the pods have is kept (`running`, by name of
    variable): a guessed URL would only replace the pods.
    """
    urls = {}
    for dependency in caller.spec.dependencies or []:
        target = find(dependency.name)
        current_url = running.get(names.variable(dependency.name, "URL"), "")
        if target is not None and target[1] is not None and target[1].url:
            urls[dependency.name] = target[1].url
        elif re.fullmatch(rf"[a-z]+://{dependency.name}\.{caller.namespace}\.svc(:[0-9]+)?", current_url):
            urls[dependency.name] = current_url
    return urls


def table_ref_part(ref: TableRef, trouble: str) -> Part:
    """Report one table of another Microservice: granted, or why it is not."""
    part = Part("Kubernetes", "Microservice", ref.microservice, State.READY)
    if not trouble:
        return part
    return replace(part, state=State.PROGRESSING, reason=Reason.DEPENDENCY_NOT_ADMITTED, message=trouble)


def _admits(service: Microservice, caller: Microservice) -> bool:
    access = service.spec.access
    if service.spec.service is not None and service.spec.service.type != "ClusterIP":
        return True
    return access is not None and access.admits(caller.name, caller.namespace)


def _part(dependency: Dependency, reason: Reason, message: str) -> Part:
    return Part(
        "Kubernetes",
        "Microservice",
        dependency.name,
        State.PROGRESSING,
        reason,
        message,
        optional=dependency.optional,
    )
