"""Reconciles one Microservice repeatedly; each reconciliation moves the clock to the requested requeue time."""

import base64
import json
from collections.abc import AsyncIterator, Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from microservice_operator import names
from microservice_operator.api.environment import EnvironmentSpec
from microservice_operator.api.microservice import MicroserviceSpec
from microservice_operator.api.parsing import Environment, Identity, Microservice
from microservice_operator.aws.engine.create_once import CreateOnce
from microservice_operator.aws.engine.expectations import Expectations
from microservice_operator.aws.engine.list_cache import ListCache
from microservice_operator.aws.engine.write_backoff import WriteBackoff
from microservice_operator.cluster.api_client import ApiError
from microservice_operator.database_connection import Connection
from microservice_operator.desired.connection_secret import data_hash
from microservice_operator.external.backoff import STALLED_LONGEST, ResourceBackoff
from microservice_operator.external.reconcile import ExternalReconciler, ExternalState
from microservice_operator.external.resource import PreviousStatus
from microservice_operator.facts import Part, State
from tests.fakes.aws.proxy import Call, Proxy
from tests.fakes.aws.whole import WholeAWS

from .faults import Faults
from .holdings import Tags, holdings, shared
from .spec import every_part

Key = tuple[str, str]
DONE = (State.READY, State.STALLED, State.RETAINED)
CA, DOCUMENT = "/api/v1/namespaces/platform/secrets/rds-ca", "/api/v1/namespaces/shop/configmaps/openapi"


@dataclass
class Objects:
    """The Secrets and ConfigMaps of a cluster, by path: both what reads one of ours and what reads any."""

    held: dict[str, dict[str, str]] = field(default_factory=dict)
    annotations: dict[str, dict[str, str]] = field(default_factory=dict)

    @property
    def connection(self) -> "Objects":
        return self

    async def send(self, _method: str, path: str) -> dict[str, Any]:
        if path not in self.held:
            raise ApiError(404, {"reason": "NotFound"}, path)
        if "/configmaps/" in path:
            return {"data": self.held[path]}
        data = {key: base64.b64encode(value.encode()).decode() for key, value in self.held[path].items()}
        annotations = {names.ANNOTATION_DATA_HASH: data_hash(data), **self.annotations.get(path, {})}
        return {"metadata": {"annotations": annotations}, "data": data}

    async def secret(self, owner: Identity, name: str) -> dict[str, Any] | None:
        path = f"{owner.namespace}/{name}"
        return await self.send("GET", path) if path in self.held else None

    def write(self, owner: Identity, database: str, connection: Connection) -> None:
        """What `desired` makes of a connection."""
        for suffix, login in (("database", connection.runtime), ("database-owner", connection.owner)):
            path = f"{owner.namespace}/{owner.name}-{database}-{suffix}"
            self.held[path] = {"username": login.username, "password": login.password}
            self.annotations[path] = {
                names.ANNOTATION_ROTATED_AT: login.rotated.at,
                names.ANNOTATION_ROTATION_REQUEST: login.rotated.request,
            }

    async def pods(self, _owner: Identity) -> AsyncIterator[list[dict[str, Any]]]:
        """No pod runs."""
        yield []


@dataclass
class MicroserviceLookup:
    """The Microservices of the cluster, as their watch shows them."""

    microservices: dict[Key, Mapping[str, Any]] = field(default_factory=dict)
    parsed: dict[Key, Microservice] = field(default_factory=dict)

    def dependency(self, key: Key) -> tuple[Mapping[str, Any], Microservice | None] | None:
        return (self.microservices[key], self.parsed.get(key)) if key in self.microservices else None


@dataclass
class Driver:
    """One Microservice, and what its status remembers; `now` is seconds since its creation."""

    proxy: Proxy
    heard: list[tuple[str, str, str]]  # service, action and code of every call that was answered
    external: ExternalReconciler
    objects: Objects
    identity: Identity
    aws_spec: dict[str, Any]
    sizes: dict[str, str]
    lookup: MicroserviceLookup = field(default_factory=MicroserviceLookup)
    known: dict[Key, str] = field(default_factory=dict)
    environment_tags: dict[str, str] = field(default_factory=dict)
    recreate: str = ""
    consent: str = ""
    restore_consent: str = ""
    now: float = 0
    reconciliations: int = 0
    _spec: Any = None

    def __post_init__(self) -> None:
        """Let every cache and backoff of the operator use this clock."""
        clients = self.external.clients
        clients.aws.lists = ListCache(0, lambda: self.now)
        clients.aws.create_once = CreateOnce(60, lambda: self.now)
        clients.aws.expectations = Expectations(60, lambda: self.now)
        clients.aws.write_backoff = WriteBackoff(lambda: self.now)
        clients.backoff = ResourceBackoff(lambda: self.now)

    @property
    def name(self) -> str:
        return self.identity.name

    @property
    def environment(self) -> Environment:
        rds = {"sizes": self.sizes, "caSecretRef": {"namespace": "platform", "name": "rds-ca"}}
        spec = {"tags": self.environment_tags, "aws": self.aws_spec, "databases": {"provider": "rds", "rds": rds}}
        allowed = {names.ANNOTATION_ADOPT: self.consent, names.ANNOTATION_RESTORE: self.restore_consent}
        return Environment(f"env-{self.name}", EnvironmentSpec.model_validate(spec), allowed)

    def every_part(self, policy: str = "") -> dict[str, Any]:
        """A spec with everything that AWS can give, the policy of each part as given or the default."""
        return every_part(self.name, policy)

    def publish(self, paths: Mapping[str, Any]) -> None:
        """Its OpenAPI document."""
        self.objects.held[DOCUMENT] = {"openapi.json": json.dumps({"openapi": "3.1.0", "paths": paths})}

    async def step(self, spec: Mapping[str, Any]) -> ExternalState:
        """Reconcile once, and keep its result as the status."""
        service = Microservice(self.identity, 1, MicroserviceSpec.model_validate({"image": "a:1", **spec}))
        key = (self.identity.namespace, self.name)
        metadata = {"name": key[1], "namespace": key[0], "uid": self.identity.uid, "creationTimestamp": "2026-01-01"}
        self._spec = service.spec.manifest()
        self.lookup.parsed[key] = service
        self.lookup.microservices.setdefault(key, {"metadata": metadata, "spec": self._spec})
        before = PreviousStatus(self.known, self.recreate)
        provided = await self.external.reconcile(service, self.environment, before, self.lookup)
        self.reconciliations += 1
        self._remember(provided.parts, metadata)
        for database, connection in provided.connections.items():
            self.objects.write(self.identity, database, connection)
        return provided

    async def drive(
        self, spec: Mapping[str, Any], reconciliations: int = 200, until: Callable[[Part], bool] | None = None
    ) -> dict[Key, Part]:
        """Reconcile until nothing changes, or until a condition is met; at most one step per resource each time."""
        for _ in range(reconciliations):
            before = len(self.writes())
            provided = await self.step(spec)
            steps = len(self.writes()) - before
            if all(part.state in DONE for part in provided.parts) and not steps:
                return by_key(provided.parts)
            if until and any(until(part) for part in provided.parts):
                return by_key(provided.parts)
            self.advance(provided.parts)
        raise AssertionError([part for part in provided.parts if part.state not in DONE])

    async def ready(self, spec: Mapping[str, Any], reconciliations: int = 200) -> dict[Key, Part]:
        """From wherever it is to Ready; what was refused is tried again when its back-off is over."""
        parts = await self.drive(spec, reconciliations)
        if any(part.state is State.STALLED for part in parts.values()):
            self.pass_time(STALLED_LONGEST)
            parts = await self.drive(spec, reconciliations)
        assert {part.state for part in parts.values()} <= {State.READY}, troubled(parts.values())
        return parts

    async def quiet(self, spec: Mapping[str, Any]) -> None:
        """Another reconciliation writes nothing and sends no Event."""
        before = self.calls()
        provided = await self.step(spec)
        wrote = [call.action for call in self.calls()[len(before) :] if call.changes]
        assert wrote == []
        assert [event for part in provided.parts for event in part.events] == []
        assert {part.state for part in provided.parts} == {State.READY}, troubled(provided.parts)

    async def leave_once(self) -> tuple[Part, ...]:
        """Reconcile the Microservice once during its deletion."""
        leaving = self.external.everything(self._spec, self.environment, self.known)
        parts = await self.external.delete(self.identity, self.environment, leaving, self.lookup)
        self.reconciliations += 1
        self._remember([part for part in parts if not part.is_over], {})
        return parts

    async def leave(self, reconciliations: int = 200) -> list[Part]:
        """Delete the Microservice: return every part of every reconciliation until all is deleted or retained."""
        seen: list[Part] = []
        for _ in range(reconciliations):
            parts = await self.leave_once()
            seen += parts
            if all(part.is_over for part in parts):
                self.lookup.microservices.clear()
                self.lookup.parsed.clear()
                return seen
            self.advance(parts)
        raise AssertionError([part for part in parts if not part.is_over])

    def again(self, namespace_uid: str = "") -> None:
        """Another Microservice of the same name, in a namespace with this UID."""
        self.identity = replace(self.identity, uid=f"{self.identity.uid}-again")
        self.external.clients.namespace_uid = lambda _namespace: namespace_uid
        self.known = {}

    def advance(self, parts: Any) -> None:
        """Move the clock to the requested requeue time."""
        waits = [part.after for part in parts if part.after]
        stalled = any(part.state is State.STALLED for part in parts)
        self.pass_time(min(waits, default=STALLED_LONGEST if stalled else 1.0))

    def pass_time(self, seconds: float) -> None:
        """For everybody who has a clock."""
        self.now += seconds

    def calls(self) -> list[Call]:
        return list(self.proxy.calls)

    def writes(self) -> list[str]:
        """Actions that change something, in order."""
        return [call.action for call in self.proxy.calls if call.changes]

    def accepted(self) -> list[str]:
        """Actions that changed something and were answered well, in order."""
        return [action for service, action, code in self.heard if code == "OK" and Call(service, action, {}).changes]

    def _remember(self, parts: Any, metadata: Mapping[str, Any]) -> None:
        self.known = {(part.kind, part.name): part.id for part in parts}
        resources = [{"kind": part.kind, "name": part.name, "id": part.id} for part in parts]
        body = {"metadata": metadata, "spec": self._spec, "status": {"resources": resources}}
        self.lookup.microservices[self.identity.namespace, self.name] = body


@dataclass(kw_only=True)
class World(Driver):
    """A Microservice, and all of AWS behind its strict layers."""

    aws: WholeAWS
    faults: Faults

    def pass_time(self, seconds: float) -> None:
        """For RDS, too."""
        super().pass_time(seconds)
        self.aws.rds.advance(seconds)

    def holdings(self) -> dict[str, Tags]:
        """Everything with its owner tags."""
        return holdings(self.aws, self.identity.namespace, self.name)

    def kinds(self) -> set[str]:
        """Kinds of that, and of what it shares."""
        return {what.split()[0] for what in {**self.holdings(), **shared(self.aws, self.environment.name)}}


def by_key(parts: Any) -> dict[Key, Part]:
    return {(part.kind, part.name): part for part in parts}


def troubled(parts: Any) -> list[tuple[str, str, State, str]]:
    """What to show of parts that are not as they should be."""
    return [(part.kind, part.name, part.state, part.message) for part in parts if part.state is not State.READY]
