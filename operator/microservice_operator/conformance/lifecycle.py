"""Settles and deletes the sample of one run with the operator's own reconciler.

The sample has no cluster: its OpenAPI document comes from memory, and so does what a status would remember.
"""

from collections.abc import Awaitable, Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, cast

from ..api.parsing import Environment, Microservice
from ..aws.engine.call import Measured
from ..aws.engine.measured_clients import MeasuredClients
from ..cluster.apply import Cluster
from ..external.backoff import ResourceBackoff
from ..external.clients import ExternalClients
from ..external.databases import Databases
from ..external.graph import Key
from ..external.reconcile import ExternalReconciler
from ..external.registry import REGISTRY
from ..external.resource import PreviousStatus
from ..facts import Part, State
from ..postgres.sessions import Servers
from ..resync_cache import ResyncCache
from .checks import Failed
from .sample import CLUSTER_ID, KEY, Run, Version
from .timing import Timing

# a database needs a connection to PostgreSQL, which a machine outside of the VPC does not have; its instance does not
WITHOUT_DATABASES = tuple(each for each in REGISTRY if each is not Databases)
_AGAIN = 2.0  # seconds, for parts that name no time
_LONGEST = 10.0  # seconds; a part that a person must fix asks for minutes, which a person at a terminal does not have
_PATIENCE = 60.0  # seconds in which a part that a person must fix may recover: a new role is not known everywhere


class SampleDocument:
    """What the reconciler reads in a cluster: the ConfigMap with the OpenAPI document of the sample."""

    def __init__(self) -> None:
        """Start without a document."""
        self.text = ""

    @property
    def connection(self) -> "SampleDocument":
        """The connection to the cluster."""
        return self

    async def send(self, _method: str, _path: str) -> dict[str, Any]:
        """Return the ConfigMap."""
        return {"data": {KEY: self.text}}


@dataclass
class Sample:
    """The sample Microservice of one run, in its copy of the Environment; also the look-up of Microservices.

    `tell` receives what a step waits for, whenever that changes.
    """

    run: Run
    environment: Environment
    reconciler: ExternalReconciler
    clients: MeasuredClients
    document: SampleDocument
    timing: Timing
    tell: Callable[[str], None] = lambda _waiting: None
    known: dict[Key, str] = field(default_factory=dict)
    parts: tuple[Part, ...] = ()
    _service: Microservice | None = None

    @property
    def microservices(self) -> Mapping[tuple[str, str], Mapping[str, Any]]:
        """The sample as a cluster would show it, by namespace and name."""
        service, identity = self._service, self.run.identity
        if service is None:
            return {}
        resources = [{"kind": kind, "name": name, "id": known} for (kind, name), known in self.known.items()]
        body = {"metadata": {"uid": identity.uid}, "spec": service.spec.manifest(), "status": {"resources": resources}}
        return {(identity.namespace, identity.name): body}

    def dependency(self, key: tuple[str, str]) -> tuple[Mapping[str, Any], Microservice | None] | None:
        """Return the sample, on whose topic its own subscription depends."""
        body = self.microservices.get(key)
        return (body, self._service) if body else None

    async def reconcile(self, version: Version) -> list[Measured]:
        """Reconcile once and return the calls that change something."""
        self._service = version.microservice(self.run)
        self.document.text = version.document
        begun = len(self.clients.calls)
        status = PreviousStatus(self.known)
        state = await self.reconciler.reconcile(self._service, self.environment, status, self)
        self._remember(state.parts)
        return self._writes(begun)

    async def settle(self, version: Version, seconds: float) -> None:
        """Reconcile until every part is ready and a reconciliation writes nothing.

        Raises Failed after `seconds`, or earlier if only a person can go on.
        """
        await self._until(lambda: self._settled(version), seconds)

    async def verify_quiet(self, version: Version) -> None:
        """Reconcile once more; raises Failed if that writes something or a part is not ready."""
        writes = await self.reconcile(version)
        if writes:
            raise Failed(f"a reconciliation without a change called {_actions(writes)}; report this as a bug")
        unready = _unready(self.parts)
        if unready:
            raise Failed(_described(unready))

    async def delete(self, version: Version, seconds: float) -> None:
        """Delete everything of the sample; raises Failed after `seconds`, or earlier if only a person can go on."""
        await self._until(lambda: self._deleted(version), seconds)

    async def verify_gone(self, version: Version, seconds: float) -> None:
        """Delete again, by names only, until nothing is found; raises Failed after `seconds`.

        More than once, because deleted resources stay visible for a while ("DeleteQueue": up to 60 seconds).
        """
        await self._until(lambda: self._gone(version), seconds)

    async def _settled(self, version: Version) -> bool:
        writes = await self.reconcile(version)
        return not writes and not _unready(self.parts)

    async def _deleted(self, version: Version) -> bool:
        spec = version.microservice(self.run).spec.manifest()
        removals = self.reconciler.everything(spec, self.environment, self.known)
        parts = await self.reconciler.delete(self.run.identity, self.environment, removals, self)
        self._remember(part for part in parts if part.state is not State.READY)
        return not self.parts

    async def _gone(self, version: Version) -> bool:
        self.known = {}
        begun = len(self.clients.calls)
        return await self._deleted(version) and not self._writes(begun)

    async def _until(self, attempt: Callable[[], Awaitable[bool]], seconds: float) -> None:
        """Repeat an attempt until it returns True; raises Failed after `seconds`, or earlier if nothing helps."""
        begun = changed = self.timing.now()
        seen: object = None
        held, error = await _attempted(attempt)
        while not held:
            now = self.timing.now()
            shown = [(part.kind, part.name, part.state, part.reason, part.message) for part in self.parts]
            if shown != seen:
                seen, changed = shown, now
                self.tell(", ".join(f"{part.kind} {part.name}" for part in _unready(self.parts)))
            stuck = error or any(part.state in (State.STALLED, State.RETAINED) for part in self.parts)
            if now - begun > seconds or (stuck and now - changed > _PATIENCE):
                raise error or Failed(_described(_unready(self.parts)) or "a reconciliation writes again and again")
            after = min((part.after for part in self.parts if part.after), default=_AGAIN)
            await self.timing.sleep(min(after, _LONGEST))
            held, error = await _attempted(attempt)

    def _remember(self, parts: Iterable[Part]) -> None:
        self.parts = tuple(parts)
        self.known = {(part.kind, part.name): part.id for part in self.parts}

    def _writes(self, begun: int) -> list[Measured]:
        return [call for call in self.clients.calls[begun:] if call.changes]


def new_sample(
    run: Run,
    environment: Environment,
    clients: MeasuredClients,
    timing: Timing,
    tell: Callable[[str], None] = lambda _waiting: None,
) -> Sample:
    """Return the sample of a run, with a reconciler that caches nothing: each reconciliation reads all of it."""
    document = SampleDocument()
    external = ExternalClients(
        cluster=cast("Cluster", document),  # the types of WITHOUT_DATABASES only read ConfigMaps
        cluster_id=CLUSTER_ID,
        aws=clients,
        servers=Servers(),
        resync_cache=ResyncCache(0),
        resync=0,
        backoff=ResourceBackoff(timing.now),
    )
    return Sample(run, environment, ExternalReconciler(external, WITHOUT_DATABASES), clients, document, timing, tell)


async def _attempted(attempt: Callable[[], Awaitable[bool]]) -> tuple[bool, Exception | None]:
    """Return the result of an attempt and its error: other resources took their steps, and take the next ones."""
    try:
        return await attempt(), None
    except Exception as error:  # noqa: BLE001 raised by `_until` if it stays
        return False, error


def _unready(parts: Iterable[Part]) -> list[Part]:
    return [part for part in parts if part.state is not State.READY]


def _described(parts: Iterable[Part]) -> str:
    """Describe parts that are not ready; those that say nothing wait for one that does."""
    return "; ".join(f"{part.kind} {part.name}: {part.message or part.state}" for part in parts)


def _actions(calls: Iterable[Measured]) -> str:
    return ", ".join(sorted({f"{call.service}:{call.action}" for call in calls}))
