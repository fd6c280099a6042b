"""Index of watched Microservices, Environments and namespaces; enqueues the keys that a change affects. No I/O."""

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from . import metrics, names
from .api.parsing import Environment, Microservice, environment, microservice
from .api.pods import LabelSelector
from .environment_selection import Environments, Used, select
from .errors import InvalidSpec
from .raw_objects import mapping, mappings, text

Key = tuple[str, str]

# A change of other fields needs no reconciliation; our own status and finalizer writes come back as events too.
SHARED = ("Table", "Topic")  # resources that other Microservices may use
RELEVANT = ("generation", "labels", "annotations", "deletionTimestamp")


class WatchedResources:
    """Microservices, Environments and namespaces by name; `changed` is called with the key of a Microservice."""

    def __init__(self, changed: Callable[[Key], None]) -> None:
        """Start empty."""
        self.microservices: dict[Key, Mapping[str, Any]] = {}
        self.environments: dict[str, Mapping[str, Any]] = {}
        self.namespaces: dict[str, Mapping[str, str]] = {}
        self._namespace_uids: dict[str, str] = {}
        self._dependants: dict[Key, set[Key]] = {}
        self._depends: dict[Key, set[Key]] = {}
        self._changed = changed

    def upsert_microservice(self, body: Mapping[str, Any]) -> bool:
        """Add or update a Microservice; return whether its spec, labels, annotations or deletion changed."""
        key = (body["metadata"]["namespace"], body["metadata"]["name"])
        before = self.microservices.get(key)
        if before is not None and _is_older(body, before):
            return False
        body = _without_ballast(body)
        self.microservices[key] = body
        metrics.MICROSERVICES.set(len(self.microservices))
        relevant = before is None or _dependency_view(before) != _dependency_view(body)
        if relevant:
            self._index(key, body)
            self._changed(key)
        if relevant and _declares_jobs(before) != _declares_jobs(body):
            self._enqueue_callees(key)
        if relevant or (before is not None and _parsed_or_error(before) != _parsed_or_error(body)):
            self._enqueue_dependants(key)
        return relevant

    def record_write(self, body: Mapping[str, Any]) -> None:
        """Store the answer to our own write, so that the next reconciliation sees it before the watch reports it."""
        key = (body["metadata"]["namespace"], body["metadata"]["name"])
        before = self.microservices.get(key)
        if before is None or before["metadata"]["uid"] != body["metadata"]["uid"] or _is_older(body, before):
            return
        body = _without_ballast(body)
        self.microservices[key] = body
        if _dependency_view(before) != _dependency_view(body):
            self._changed(key)
        if _parsed_or_error(before) != _parsed_or_error(body):
            self._enqueue_dependants(key)

    def remove_microservice(self, body: Mapping[str, Any]) -> bool:
        """Remove a deleted Microservice; return whether it was known, and not another one of the same name."""
        key = (body["metadata"]["namespace"], body["metadata"]["name"])
        stored = self.microservices.get(key)
        if stored is None or stored["metadata"]["uid"] != body["metadata"]["uid"]:
            return False
        del self.microservices[key]
        metrics.MICROSERVICES.set(len(self.microservices))
        self._index(key, {})
        self._enqueue_dependants(key)
        if _declares_jobs(stored):
            self._enqueue_callees(key)
        return True

    def upsert_environment(self, body: Mapping[str, Any]) -> None:
        """Add or update an Environment; all Microservices are enqueued if it changed."""
        name = body["metadata"]["name"]
        before = self.environments.get(name)
        self.environments[name] = body
        if before is None or _dependency_view(before) != _dependency_view(body):
            self._enqueue(self.microservices)

    def remove_environment(self, body: Mapping[str, Any]) -> None:
        """Remove a deleted Environment."""
        if self.environments.pop(body["metadata"]["name"], None) is not None:
            self._enqueue(self.microservices)

    def upsert_namespace(self, body: Mapping[str, Any]) -> None:
        """Add or update a namespace; its Microservices are enqueued if its labels changed or became known."""
        name, labels = body["metadata"]["name"], body["metadata"].get("labels") or {}
        before = self.namespaces.get(name)
        self.namespaces[name] = labels
        self._namespace_uids[name] = body["metadata"].get("uid", "")
        if before != labels:
            self._enqueue(key for key in self.microservices if key[0] == name)

    def remove_namespace(self, body: Mapping[str, Any]) -> None:
        """Remove a deleted namespace."""
        self.namespaces.pop(body["metadata"]["name"], None)
        self._namespace_uids.pop(body["metadata"]["name"], None)

    def namespace_uid(self, name: str) -> str:
        """Return the UID of a namespace, "" if unknown."""
        return self._namespace_uids.get(name, "")

    def environment_of(
        self, namespace: str, named: str | None, used: Used | None = None
    ) -> tuple[Environment | None, Used]:
        """Return the Environment that applies and its source; `used` is that of the last reconciliation, from the
        status.

        Raises InvalidSpec of that Environment, LookupError with a message if it does not exist, and NotYet.
        """
        chosen = select(named, self.namespaces.get(namespace), self._environments(), used or Used())
        return (environment(self.environments[chosen.name]) if chosen.name else None), chosen

    def version_of(self, environment: str) -> tuple[str, int]:
        """Return UID and generation of an Environment, which identify one version of its spec."""
        metadata = (self.environments.get(environment) or {}).get("metadata") or {}
        return metadata.get("uid", ""), metadata.get("generation", 0)

    def admits(self, chosen: Environment, namespace: str) -> bool:
        """Return whether an Environment may be used in a namespace."""
        labels = {"kubernetes.io/metadata.name": namespace} | dict(self.namespaces.get(namespace, {}))
        return selects(chosen.spec.namespaces, labels)

    def dependency(self, key: Key) -> tuple[Mapping[str, Any], Microservice | None] | None:
        """Return another Microservice: its body, and its parsed form if valid; `None` if there is none."""
        body = self.microservices.get(key)
        if body is None:
            return None
        try:
            return body, microservice(body)
        except InvalidSpec:
            return body, None

    def callers_with_jobs(self, service: Microservice) -> frozenset[str]:
        """Return the permitted callers of the same namespace that declare scheduled jobs, whose pods call, too."""
        callers = {caller.microservice for caller in (service.spec.access and service.spec.access.from_) or []}
        return frozenset(
            name for name in callers if name and _declares_jobs(self.microservices.get((service.namespace, name)))
        )

    def _environments(self) -> Environments:
        marked = {
            name
            for name, body in self.environments.items()
            if (body["metadata"].get("annotations") or {}).get(names.ANNOTATION_DEFAULT_ENVIRONMENT) == "true"
        }
        return Environments(self.environments.keys(), marked)

    def _index(self, key: Key, body: Mapping[str, Any]) -> None:
        spec = body.get("spec")
        named = {text(item, "name") for item in mappings(spec, "dependencies")}
        named |= {text(item, "microservice") for item in mappings(spec, "tableRefs")}
        named |= {text(mapping(item, "topic"), "microservice") for item in mappings(spec, "subscriptions")}
        now = {(key[0], name) for name in named if name} - {key}
        before = self._depends.pop(key, set())
        for dependency in before - now:
            self._dependants[dependency].discard(key)
            if not self._dependants[dependency]:
                del self._dependants[dependency]
        for dependency in now - before:
            self._dependants.setdefault(dependency, set()).add(key)
        if now:
            self._depends[key] = now

    def _enqueue_dependants(self, key: Key) -> None:
        self._enqueue(self._dependants.get(key, ()))

    def _enqueue_callees(self, key: Key) -> None:
        """Enqueue those that allow this one: their network policies name its jobs. It is rare, so there is no index."""
        self._enqueue(
            callee
            for callee, body in self.microservices.items()
            if callee[0] == key[0]
            and any(text(caller, "microservice") == key[1] for caller in mappings(_access(body), "from"))
        )

    def _enqueue(self, keys: Iterable[Key]) -> None:
        for key in list(keys):
            self._changed(key)


def selects(selector: LabelSelector | None, labels: Mapping[str, str]) -> bool:
    """Return whether a label selector matches these labels; no selector matches all."""
    if selector is None:
        return True
    if any(labels.get(key) != value for key, value in (selector.match_labels or {}).items()):
        return False
    for expression in selector.match_expressions or []:
        value, listed = labels.get(expression.key), expression.values or []
        holds = {
            "In": value in listed,
            "NotIn": value not in listed,
            "Exists": value is not None,
            "DoesNotExist": value is None,
        }[expression.operator]
        if not holds:
            return False
    return True


def _declares_jobs(body: Mapping[str, Any] | None) -> bool:
    return bool(body) and bool(mappings(mapping(body, "spec"), "jobs"))


def _access(body: Mapping[str, Any]) -> Mapping[str, Any]:
    return mapping(mapping(body, "spec"), "access")


def _dependency_view(body: Mapping[str, Any]) -> Any:
    metadata = body["metadata"]
    return metadata["uid"], [metadata.get(field) for field in RELEVANT]


def _parsed_or_error(body: Mapping[str, Any]) -> Any:
    status = body.get("status")
    conditions = {text(c, "type"): text(c, "status") for c in mappings(status, "conditions")}
    ids = [
        (text(entry, "kind"), text(entry, "name"), text(entry, "id"))
        for entry in mappings(status, "resources")
        if text(entry, "kind") in SHARED
    ]
    return conditions.get("WorkloadReady"), mapping(body, "status").get("observedGeneration"), ids


def _without_ballast(body: Mapping[str, Any]) -> Mapping[str, Any]:
    """Drop what nothing here reads, and what others may fill: annotations of all other tools, and managed fields."""
    metadata = {key: value for key, value in body["metadata"].items() if key != "managedFields"}
    annotations = metadata.get("annotations") or {}
    metadata["annotations"] = {key: value for key, value in annotations.items() if key.startswith(f"{names.GROUP}/")}
    return {**body, "metadata": metadata}


def _is_older(body: Mapping[str, Any], stored: Mapping[str, Any]) -> bool:
    """Return whether this is an earlier version of the same object."""
    if body["metadata"]["uid"] != stored["metadata"]["uid"]:
        return False
    ours, theirs = body["metadata"].get("resourceVersion", ""), stored["metadata"].get("resourceVersion", "")
    return bool(ours.isdigit() and theirs.isdigit() and int(ours) < int(theirs))
