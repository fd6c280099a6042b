"""One namespace and its Microservices: what a team declares, and what it reads."""

import base64
import itertools
from contextlib import suppress
from typing import Any

from microservice_operator import names
from microservice_operator.cluster.kinds import CHILDREN, ENVIRONMENT, EVENT, MICROSERVICE, NAMESPACE, SECRET, Kind

from .api import Api, Body, Refused, until

IMAGE = "registry.example/shop/hello:1.0.0"
_requests = itertools.count(1)


class Namespace:
    """A namespace by its name."""

    def __init__(self, api: Api, name: str) -> None:
        """It exists already."""
        self.api = api
        self.name = name

    def create(self, name: str, **spec: Any) -> Body:
        """Declare a Microservice."""
        body = {"metadata": {"name": name, "namespace": self.name}, "spec": {"image": IMAGE, **spec}}
        return self.api.create(MICROSERVICE, body)

    def change(self, name: str, **spec: Any) -> Body:
        """Merge into its spec."""
        return self.api.merge(MICROSERVICE, (self.name, name), {"spec": spec})

    def annotate(self, name: str, key: str, value: str | None) -> None:
        """Set or remove one of its annotations."""
        self.api.merge(MICROSERVICE, (self.name, name), {"metadata": {"annotations": {key: value}}})

    def delete(self, name: str) -> None:
        """Begin to delete it."""
        self.api.delete(MICROSERVICE, self.name, name)

    def read(self, name: str) -> Body:
        """As it is stored."""
        return self.api.get(MICROSERVICE, self.name, name)

    def conditions(self, name: str) -> dict[str, Body]:
        """Its conditions by type, once they are about its present spec."""
        body = self.read(name)
        if body["status"].get("observedGeneration") != body["metadata"]["generation"]:
            return {}
        return {c["type"]: c for c in body["status"].get("conditions", [])}

    def until_ready(self, *services: str) -> None:
        """Wait until all of them are Ready."""
        for name in services:
            self.until(name, "Ready", "True")

    def until(self, name: str, kind: str, status: str, reason: str = "") -> Body:
        """Wait until a condition has this status (and reason); the condition."""

        def found() -> Body | None:
            condition = self.conditions(name).get(kind, {})
            return condition if condition.get("status") == status and reason in ("", condition["reason"]) else None

        wanted = f"{self.name}/{name} is not {kind}={status} {reason}"
        return until(found, wanted, show=lambda: self.read(name).get("status")) or {}

    def until_stalled(self, name: str, reason: str) -> Body:
        """Wait until it is Stalled for this reason; the condition."""
        return self.until(name, "Stalled", "True", reason)

    def ask(self, *services: str) -> None:
        """Request another reconciliation of each, and wait until it has ended."""
        value = str(next(_requests))
        for name in services:
            self.annotate(name, names.ANNOTATION_RECONCILE, value)
        for name in services:
            until(
                lambda name=name: self.read(name)["status"].get("lastHandledReconcileAt") == value,  # type: ignore[misc]
                f"{name} was not reconciled on request",
            )

    def until_gone(self, name: str, kind: Kind = MICROSERVICE) -> None:
        """Wait until it no longer exists."""
        until(
            lambda: self.child(kind, name) is None,
            f"{kind.kind} {self.name}/{name} is not deleted",
            show=lambda: self.child(kind, name),
        )

    def child(self, kind: Kind | str, name: str) -> Body | None:
        """An object of this namespace, or None."""
        return self.api.find(CHILDREN[kind] if isinstance(kind, str) else kind, self.name, name)

    def there(self, kind: Kind | str, name: str) -> Body:
        """An object that must be there."""
        found = self.child(kind, name)
        assert found, f"no {kind} {name} in {self.name}"
        return found

    def children(self, name: str) -> dict[tuple[str, str], Body]:
        """All children of one Microservice by kind and name."""
        return {
            (kind.kind, item["metadata"]["name"]): item
            for kind in CHILDREN.values()
            for item in self.api.items(kind, self.name)
            if any(owner["name"] == name for owner in item["metadata"].get("ownerReferences") or [])
        }

    def secret(self, name: str) -> dict[str, str]:
        """What a Secret holds."""
        data = self.there("Secret", name)["data"]
        return {key: base64.b64decode(value).decode() for key, value in data.items()}

    def passwords(self) -> set[str]:
        """Passwords in all Secrets of this namespace that the operator made."""
        made = [s for s in self.api.items(SECRET, self.name) if s["type"] == "servicebinding.io/postgresql"]
        return {base64.b64decode(secret["data"]["password"]).decode() for secret in made}

    def events(self, reason: str = "") -> list[Body]:
        """Events of this namespace that the operator posted."""
        posted = [e for e in self.api.items(EVENT, self.name) if e["source"].get("component") == names.FIELD_MANAGER]
        return [event for event in posted if reason in ("", event["reason"])]

    @property
    def is_gone(self) -> bool:
        """Whether the namespace itself no longer exists."""
        return self.api.find(NAMESPACE, "", self.name) is None

    def remove(self) -> None:
        """Begin to delete the namespace with all that is in it."""
        self.api.delete(NAMESPACE, "", self.name)


def until_no_microservice(api: Api, seconds: float = 300) -> None:
    """Delete the Microservices of earlier tests, and abandon those whose Environment a test has deleted.

    An API server that restarts may lose a namespace before what is in it, because the namespace controller does not see
    the kinds of CRDs for a moment. Nobody can change such an object until the namespace exists again.
    """

    def none_left() -> bool:
        environments = {each["metadata"]["name"] for each in api.items(ENVIRONMENT, "")}
        namespaces = {each["metadata"]["name"] for each in api.items(NAMESPACE, "")}
        for each in api.items(MICROSERVICE, ""):
            key = (each["metadata"]["namespace"], each["metadata"]["name"])
            if key[0] not in namespaces:
                api.apply(NAMESPACE, {"metadata": {"name": key[0]}})
            if "deletionTimestamp" not in each["metadata"]:
                api.delete(MICROSERVICE, *key)
            if each.get("status", {}).get("environment") not in environments:
                with suppress(Refused):  # it is gone meanwhile
                    api.merge(MICROSERVICE, key, {"metadata": {"annotations": {names.ANNOTATION_ABANDON: "true"}}})
        return not api.items(MICROSERVICE, "")

    def names_of_left() -> list[str]:
        return [f"{each['metadata']['namespace']}/{each['metadata']['name']}" for each in api.items(MICROSERVICE, "")]

    until(none_left, "Microservices of other tests do not go", seconds, names_of_left)
