"""Parses Microservices and Environments: one value each, with the relevant metadata and the parsed spec.

All validation of an object's shape happens here, and errors are messages for people. Later code does not check again.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeVar

from pydantic import ValidationError

from .. import names
from ..errors import InvalidSpec, Problem
from .base import Rule
from .environment import EnvironmentSpec
from .microservice import MicroserviceSpec
from .resource_rules import ENVIRONMENT_RULES, MICROSERVICE_RULES
from .stores import Database
from .validation_messages import missing_spec, problems

IMPLIED = {"http": 80, "https": 443}
Spec = TypeVar("Spec", MicroserviceSpec, EnvironmentSpec)


@dataclass(frozen=True)
class Identity:
    """Identity of a Microservice; `uid` guards every write and marks every resource that belongs to it."""

    namespace: str
    name: str
    uid: str


@dataclass(frozen=True)
class Microservice:
    """A parsed Microservice; `resources` is the list from its status."""

    identity: Identity
    generation: int
    spec: MicroserviceSpec
    labels: Mapping[str, str] = field(default_factory=dict)
    annotations: Mapping[str, str] = field(default_factory=dict)
    resources: Sequence[Mapping[str, Any]] = field(default=(), compare=False)

    @property
    def name(self) -> str:
        """Name of the Microservice, and of its Deployment, Service and ServiceAccount."""
        return self.identity.name

    @property
    def namespace(self) -> str:
        """Namespace of the Microservice and all its children."""
        return self.identity.namespace

    def database_secrets(self, database: Database) -> tuple[str, str]:
        """Return the names of a database's two Secrets: the service's, and the schema owner's.

        A database that exists keeps the names of its Secrets; before its creation there are no Secrets to keep.
        """
        exists = any(r.get("kind") == "Database" and r["name"] == database.name and r.get("id") for r in self.resources)
        existing = {r["name"] for r in self.resources if r.get("kind") == "Secret"} if exists else ()
        declared = database.connection.secret_name if database.connection else None
        return names.database_secrets(self.name, database.name, declared, existing)

    @property
    def url(self) -> str:
        """URL inside the cluster, with the first TCP port, or the first port if none is TCP; "" without ports.

        The scheme is https if appProtocol is https. A port that the scheme implies is omitted.
        """
        if not self.spec.ports:
            return ""
        port = next((port for port in self.spec.ports if port.protocol == "TCP"), self.spec.ports[0])
        scheme = port.protocol.lower()
        if scheme == "tcp":
            scheme = "https" if port.app_protocol == "https" else "http"
        host = f"{scheme}://{self.name}.{self.namespace}.svc"
        return host if port.service_port == IMPLIED.get(scheme) else f"{host}:{port.service_port}"


@dataclass(frozen=True)
class Environment:
    """A parsed Environment."""

    name: str
    spec: EnvironmentSpec
    annotations: Mapping[str, str] = field(default_factory=dict)


def identity(body: Mapping[str, Any]) -> Identity:
    """Return the identity of a Microservice, even of an invalid one."""
    metadata = body["metadata"]
    return Identity(metadata["namespace"], metadata["name"], metadata["uid"])


def microservice(body: Mapping[str, Any]) -> Microservice:
    """Parse a Microservice.

    Raises InvalidSpec, which lists every invalid field.
    """
    metadata = body["metadata"]
    parsed = Microservice(
        identity=identity(body),
        generation=metadata.get("generation", 0),
        spec=_parsed(MicroserviceSpec, body),
        labels=metadata.get("labels") or {},
        annotations=metadata.get("annotations") or {},
        resources=(body.get("status") or {}).get("resources") or (),
    )
    _check(parsed, MICROSERVICE_RULES)
    return parsed


def environment(body: Mapping[str, Any]) -> Environment:
    """Parse an Environment.

    Raises InvalidSpec, which lists every invalid field.
    """
    metadata = body["metadata"]
    parsed = Environment(metadata["name"], _parsed(EnvironmentSpec, body), metadata.get("annotations") or {})
    _check(parsed, ENVIRONMENT_RULES)
    return parsed


def marked_default(annotations: Mapping[str, Mapping[str, str]]) -> str | None:
    """Return the name of the default Environment, given each one's annotations: the first by name that is marked."""
    marked = (name for name, own in annotations.items() if own.get(names.ANNOTATION_DEFAULT_ENVIRONMENT) == "true")
    return min(marked, default=None)


def _parsed(model: type[Spec], body: Mapping[str, Any]) -> Spec:
    if body.get("spec") is None:
        raise InvalidSpec((Problem("spec", missing_spec(model)),))
    try:
        # by_name=False: the API server knows only imagePullPolicy, so image_pull_policy is an error
        return model.model_validate(body["spec"], by_alias=True, by_name=False)
    except ValidationError as error:
        raise InvalidSpec(tuple(problems(error, model))) from None


def _check(parsed: Microservice | Environment, rules: tuple[Rule, ...]) -> None:
    broken = tuple(Problem(rule.field or "metadata.name", rule.message) for rule in rules if not rule.holds(parsed))
    if broken:
        raise InvalidSpec(broken)
