"""PURE: the sample Microservice that a run creates, its changes, and its copy of the Environment.

Everything follows from the id of the run, so the next run can delete what this one leaves.
"""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from .. import names
from ..api.environment import RDS
from ..api.microservice import MicroserviceSpec
from ..api.parsing import Environment, Identity, Microservice

CLUSTER_ID = "microservice-operator-conformance"  # of all owner tags: no cluster has it, because a UID is no word
NAMESPACE = "conformance"
CONFIG_MAP, KEY = "openapi", "openapi.json"
_UID = re.compile(r"conformance-([0-9a-f]{8})")


@dataclass(frozen=True)
class Run:
    """One run; `id` has eight hexadecimal digits."""

    id: str

    @property
    def uid(self) -> str:
        """UID of the sample, and name of its Environment and HTTP API."""
        return f"conformance-{self.id}"

    @property
    def identity(self) -> Identity:
        """Identity of the sample."""
        return Identity(NAMESPACE, f"c-{self.id}", self.uid)


@dataclass(frozen=True)
class Version:
    """One state of the sample: its spec, and the paths of its OpenAPI document; `name` says what changed."""

    name: str
    spec: Mapping[str, Any]
    paths: Mapping[str, Any]

    def microservice(self, run: Run) -> Microservice:
        """Return the sample of a run in this state."""
        return Microservice(run.identity, 1, MicroserviceSpec.model_validate(self.spec))

    @property
    def document(self) -> str:
        """The OpenAPI document."""
        return json.dumps({"openapi": "3.1.0", "info": {"title": "c", "version": "1"}, "paths": self.paths})


def run_of(tags: Mapping[str, str]) -> Run | None:
    """Return the run that created a resource, by its tags, or `None` if no run did."""
    if tags.get(names.TAG_CLUSTER) != CLUSTER_ID:
        return None
    found = _UID.fullmatch(tags.get(names.TAG_UID) or tags.get(names.TAG_ENVIRONMENT, ""))
    return Run(found[1]) if found else None


def sample_environment(environment: Environment, run: Run) -> Environment:
    """Return the Environment with an HTTP API of the run; no annotation gives consent to an adoption."""
    aws = environment.spec.aws
    gateway = aws.api_gateway if aws else None
    if aws and gateway:
        own = {"name": run.uid, "deletion_policy": "Delete", "path_prefix": None}
        gateway = gateway.model_copy(update=own)
        aws = aws.model_copy(update={"api_gateway": gateway})
    return Environment(run.uid, environment.spec.model_copy(update={"aws": aws, "namespaces": None}))


def first_version(environment: Environment, run: Run, *, database: bool) -> Version:
    """Return the sample as it is created: one of everything that the Environment allows."""
    topic = {"microservice": run.identity.name, "name": "events"}
    spec: dict[str, Any] = {
        "image": "conformance:1",  # no pod runs it
        "tags": {"conformance-step": "created", "conformance-removed": "later"},
        "tables": [
            {
                "name": "items",
                "partitionKey": {"name": "id"},
                "globalSecondaryIndexes": [{"name": "byOwner", "partitionKey": {"name": "owner"}}],
                "deletionPolicy": "Delete",
            }
        ],
        "topics": [{"name": "events", "deletionPolicy": "Delete"}],
        "queues": [{"name": "work", "deadLetter": {"maxReceiveCount": 3}, "deletionPolicy": "Delete"}],
        "subscriptions": [{"topic": topic, "queue": "work", "filterPolicy": {"kind": ["created"]}}],
    }
    if environment.spec.aws and environment.spec.aws.api_gateway:
        spec["api"] = {"openAPI": {"configMapKeyRef": {"name": CONFIG_MAP, "key": KEY}}}
        if environment.spec.aws.api_gateway.auth is None:
            spec["api"]["auth"] = {"none": True}
    if database:
        spec["databases"] = [_database(environment)]
    return Version("create", spec, {"/items": {"get": {}}, "/items/{id}": {"get": {}}})


def changes(first: Version) -> tuple[Version, ...]:
    """Return the sample after each change; each adds to the one before."""
    table, queue, subscription = (first.spec[section][0] for section in ("tables", "queues", "subscriptions"))
    capacity = {"read": {"min": 1, "max": 2}, "write": {"min": 1, "max": 2}}
    expiring = {**table, "timeToLiveAttribute": "expires", "pointInTimeRecovery": False}
    steps: list[tuple[str, Mapping[str, Any]]] = [
        ("tags", {"tags": {"conformance-step": "changed"}}),
        ("expiry and backups of the table", {"tables": [expiring]}),
        ("capacity of the table", {"tables": [{**expiring, "billingMode": "Provisioned", "capacity": capacity}]}),
        ("queue", {"queues": [{**queue, "visibilityTimeoutSeconds": 60, "retention": "1d"}]}),
        ("filter of the subscription", {"subscriptions": [{**subscription, "filterPolicy": {"kind": ["changed"]}}]}),
    ]
    if "databases" in first.spec:
        database = {**first.spec["databases"][0], "backup": {"retentionDays": 2}}
        steps.append(("backups of the database", {"databases": [database]}))
    versions, spec = [], dict(first.spec)
    for name, changed in steps:
        spec = {**spec, **changed}
        versions.append(Version(f"change: {name}", spec, first.paths))
    if "api" in spec:
        versions.append(Version("change: routes", spec, {"/items": {"get": {}, "post": {}}}))
    return tuple(versions)


def database_size(rds: RDS) -> str:
    """Return the size of the sample's database: `small`, or else the first by name."""
    return "small" if "small" in rds.sizes else min(rds.sizes)


def _database(environment: Environment) -> dict[str, Any]:
    rds = environment.spec.databases.rds if environment.spec.databases else None
    size = database_size(rds) if rds else "small"
    return {"name": "main", "size": size, "backup": {"retentionDays": 1}, "deletionPolicy": "Delete"}
