"""The two resources as one value each: what of their metadata matters, and the parsed spec."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, TypeVar

from pydantic import ValidationError

from ..errors import InvalidSpec, Problem
from .environment import EnvironmentSpec
from .microservice import MicroserviceSpec

Spec = TypeVar("Spec", MicroserviceSpec, EnvironmentSpec)


@dataclass(frozen=True)
class Identity:
    """Who a Microservice is; `uid` fences every write and marks everything that belongs to it."""

    namespace: str
    name: str
    uid: str


@dataclass(frozen=True)
class Microservice:
    """A parsed Microservice; `raw` is the object as the watch delivered it."""

    identity: Identity
    generation: int
    spec: MicroserviceSpec
    labels: Mapping[str, str] = field(default_factory=dict)
    annotations: Mapping[str, str] = field(default_factory=dict)

    @property
    def name(self) -> str:
        """Name of the resource, of its Deployment, Service and ServiceAccount."""
        return self.identity.name

    @property
    def namespace(self) -> str:
        """Namespace of the resource and of all its children."""
        return self.identity.namespace


@dataclass(frozen=True)
class Environment:
    """A parsed Environment."""

    name: str
    spec: EnvironmentSpec
    annotations: Mapping[str, str] = field(default_factory=dict)


def identity(body: Mapping[str, Any]) -> Identity:
    """Identity of a Microservice, valid or not."""
    metadata = body["metadata"]
    return Identity(metadata["namespace"], metadata["name"], metadata["uid"])


def microservice(body: Mapping[str, Any]) -> Microservice:
    """Parse a Microservice.

    Raises InvalidSpec with every field that is wrong.
    """
    metadata = body["metadata"]
    return Microservice(
        identity=identity(body),
        generation=metadata.get("generation", 0),
        spec=_parsed(MicroserviceSpec, body),
        labels=metadata.get("labels") or {},
        annotations=metadata.get("annotations") or {},
    )


def environment(body: Mapping[str, Any]) -> Environment:
    """Parse an Environment.

    Raises InvalidSpec with every field that is wrong.
    """
    metadata = body["metadata"]
    return Environment(metadata["name"], _parsed(EnvironmentSpec, body), metadata.get("annotations") or {})


def _parsed(model: type[Spec], body: Mapping[str, Any]) -> Spec:
    try:
        return model.model_validate(body.get("spec") or {})
    except ValidationError as error:
        raise InvalidSpec(tuple(_problem(item) for item in error.errors())) from None


def _problem(item: Any) -> Problem:
    path = "spec"
    for part in item["loc"]:
        path += f"[{part}]" if isinstance(part, int) else f".{part}"
    at = (item.get("ctx") or {}).get("field")
    if at:
        path += f".{at}"
    return Problem(path, item["msg"])
