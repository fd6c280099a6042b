"""Reconciles all external resources of a Microservice, in the order of their dependencies.

Resources whose dependencies are usable take one step each, concurrently; the others report what they wait for. What is
being deleted is deleted after everything that depends on it.
"""

import asyncio
from collections.abc import Awaitable, Callable, Container, Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from ..api.parsing import Environment, Identity, Microservice
from ..database_connection import Connection
from ..errors import NeedsPerson, OperatorError
from ..facts import Part, Reason, Section, State
from ..resources import Removal
from .clients import ExternalClients
from .deletion import everything, known_of, undeclared
from .graph import Edges, Key, dependency_graph, describe_keys, needed_by, topological_order
from .registry import REGISTRY, Registry
from .resource import DeleteInput, ExternalResource, MicroserviceLookup, PreviousStatus, ReconcileInput, StepResult

AGAIN = 2.0  # for what waits for another part of the same Microservice
StepResults = Mapping[Key, StepResult]
StepFunction = Callable[[StepResults], Awaitable[StepResult]]


@dataclass(frozen=True)
class ExternalState:
    """The result of one reconciliation: parts by section of the status, parts that are deleted, and facts for the pods.

    `kept`: something that is not declared any more stays until the rollout is complete.
    """

    sections: Mapping[Section, tuple[Part, ...]] = field(default_factory=dict)
    left: tuple[Part, ...] = ()
    connections: Mapping[str, Connection] = field(default_factory=dict)
    address: str = ""
    kept: bool = False

    @property
    def parts(self) -> tuple[Part, ...]:
        """All parts that exist or are still being deleted."""
        return tuple(part for parts in self.sections.values() for part in parts)

    @property
    def stores(self) -> tuple[Part, ...]:
        """Tables, instances and databases."""
        return (*self.sections.get(Section.TABLES, ()), *self.sections.get(Section.DATABASES, ()))

    def of(self, kind: str) -> tuple[Part, ...]:
        """Parts of one kind."""
        return tuple(part for part in self.parts if part.kind == kind)


class ExternalReconciler:
    """Reconciles and deletes the external resources of a Microservice; one for the whole process."""

    def __init__(self, clients: ExternalClients, registry: Registry = REGISTRY) -> None:
        """Reconcile the types of `registry` through `clients`."""
        self.clients = clients
        self.resources: Mapping[str, ExternalResource] = {
            resource.kind: resource for resource in (make(clients) for make in registry)
        }

    def declares(self, service: Microservice, environment: Environment | None) -> bool:
        """Whether a Microservice declares external resources that its Environment has an account or server for."""
        if environment is None or not (environment.spec.aws or environment.spec.databases):
            return False
        spec = service.spec.manifest()
        return any(tuple(resource.declarations(spec, environment)) for resource in self.resources.values())

    async def reconcile(
        self,
        service: Microservice,
        environment: Environment | None,
        before: PreviousStatus,
        lookup: MicroserviceLookup,
    ) -> ExternalState:
        """Take a step for everything that is declared, and for everything that no longer is."""
        declared = self._declared(service, environment, before, lookup)
        removals = undeclared(self.resources.values(), declared, before.known)
        waiting: dict[Key, StepResult] = {}
        if removals and not before.rolled_out:
            declared = {key: replace(item, kept=frozenset(removals)) for key, item in declared.items()}
            message = "is no longer declared; its deletion policy applies when the rollout is complete"
            waiting, removals = self._waiting(removals, message), {}
        targets = _targets(removals, service.identity, environment, lookup)
        results = waiting | await self._reconcile_all(service.name, declared, targets)
        return ExternalState(
            sections=self._sections(results, declared),
            left=tuple(part for key in targets for part in results[key].parts if part.is_over),
            connections={key[1]: connection for key in declared if (connection := results[key].connection)},
            address=next((results[key].address for key in declared if results[key].address), ""),
            kept=bool(waiting) or any(result.kept for result in results.values()),
        )

    def _declared(
        self,
        service: Microservice,
        environment: Environment | None,
        before: PreviousStatus,
        lookup: MicroserviceLookup,
    ) -> dict[Key, ReconcileInput]:
        spec = service.spec.manifest()
        common = ReconcileInput(
            "",
            service,
            environment,
            lookup,
            remembered=before.known,
            rolled_out=before.rolled_out,
            migrating=before.migrating,
        )
        return {
            (resource.kind, item.name): replace(
                common,
                name=item.name,
                known=known_of(resource, item.name, before.known),
                recreate=before.recreate == item.name,
            )
            for resource in self.resources.values()
            for item in resource.declarations(spec, environment)
        }

    def _sections(self, results: StepResults, declared: Container[Key]) -> dict[Section, tuple[Part, ...]]:
        """The parts by section of the status, without those whose deletion is finished."""
        sections: dict[Section, tuple[Part, ...]] = {}
        for kind, name in sorted(results):
            shown = [part for part in results[kind, name].parts if (kind, name) in declared or not part.is_over]
            section = self.resources[kind].section
            sections[section] = (*sections.get(section, ()), *shown)
        return {section: parts for section, parts in sections.items() if parts}

    async def delete(
        self,
        owner: Identity,
        environment: Environment | None,
        removals: Mapping[Key, Removal],
        lookup: MicroserviceLookup,
    ) -> tuple[Part, ...]:
        """Take a step for every resource of a Microservice that is being deleted."""
        results = await self._reconcile_all(owner.name, {}, _targets(removals, owner, environment, lookup))
        return tuple(part for key in sorted(results) for part in results[key].parts)

    def waiting(self, removals: Mapping[Key, Removal], message: str) -> tuple[Part, ...]:
        """The parts of a Microservice that is being deleted, before the deletion of any of them may begin."""
        waiting = self._waiting(removals, message)
        return tuple(part for key in sorted(waiting) for part in waiting[key].parts)

    def everything(
        self, spec: object, environment: Environment | None, known_ids: Mapping[Key, str]
    ) -> dict[Key, Removal]:
        """All resources of a Microservice that is being deleted, with their policies."""
        return everything(self.resources.values(), spec, environment, known_ids)

    def _waiting(self, removals: Mapping[Key, Removal], message: str) -> dict[Key, StepResult]:
        return {
            key: _waits_for_deletion(self.resources[key[0]], removal, f"{describe_keys([key])} {message}")
            for key, removal in removals.items()
        }

    async def _reconcile_all(
        self, owner: str, declared: Mapping[Key, ReconcileInput], targets: Mapping[Key, DeleteInput]
    ) -> dict[Key, StepResult]:
        needs, deletions = self._needs(owner, declared), self._needs(owner, targets)

        def take(key: Key) -> StepFunction:
            if key in declared:
                return lambda before: self._reconcile_one(key, declared[key], before)
            return lambda before: self._delete_one(key, targets[key], before, needed_by(key, deletions))

        order = dependency_graph(needs, deletions)
        for key in declared:
            ordered_after = self.resources[key[0]].ordered_after
            order[key] |= {earlier for earlier in declared if earlier[0] in ordered_after}
        return await in_order(order, {key: take(key) for key in order})

    def _needs(self, owner: str, keys: Iterable[Key]) -> Edges:
        return {(kind, name): frozenset(self.resources[kind].dependencies(owner, name)) for kind, name in keys}

    async def _reconcile_one(self, key: Key, declared: ReconcileInput, needs: StepResults) -> StepResult:
        resource = self.resources[key[0]]
        known_id = declared.known.get(resource.kind, "")
        before = {need: result.part for need, result in needs.items()}
        needs = {need: result for need, result in needs.items() if need[0] not in resource.ordered_after}
        missing = [need for need, result in needs.items() if not self.resources[need[0]].usable(result.part)]
        if missing:
            message = f"{describe_keys([key])} is waiting for {describe_keys(missing)}"
            waits = Part(resource.layer, key[0], declared.name, State.PROGRESSING, Reason.WAITING, message, known_id)
            after = _look_again(part for need in missing for part in needs[need].parts)
            return StepResult((replace(waits, after=after), *_companions(resource, declared.name, declared.known)))
        uid, same = declared.service.identity.uid, self._sameness(declared, before)
        recalled = self.clients.backoff.recall(uid, key, same)
        if recalled:
            return recalled
        try:
            needed = {need: result.part for need, result in needs.items()}
            results = await resource.reconcile(replace(declared, needs=needed, before=before))
        except OperatorError as error:
            refused = resource.failed(declared.name, error, known_id)
            results = StepResult((refused, *_companions(resource, declared.name, declared.known)))
        return self.clients.backoff.note(uid, key, same, results)

    def _sameness(self, declared: ReconcileInput, before: Mapping[Key, Part]) -> Any:
        """The state whose change makes a resource in trouble due at once."""
        stood_on = {key: (part.id, self.resources[key[0]].usable(part)) for key, part in before.items()}
        ids = dict(declared.known)
        return declared.service.spec, declared.environment, ids, declared.recreate, declared.kept, stood_on

    async def _delete_one(
        self, key: Key, target: DeleteInput, before: StepResults, dependents: frozenset[Key]
    ) -> StepResult:
        resource, removal = self.resources[key[0]], target.removal
        holding = [dependent for dependent, result in before.items() if not all(part.is_over for part in result.parts)]
        if holding:
            message = f"{describe_keys([key])} is deleted after {describe_keys(holding)}"
            after = _look_again(part for dependent in holding for part in before[dependent].parts)
            return _waits_for_deletion(resource, removal, message, after)
        if any(_stays(before[dependent].part) for dependent in dependents if dependent in before):
            removal = replace(removal, policy="Retain")
            target = replace(target, removal=removal)
        uid, same = target.owner.uid, (removal, target.environment)
        recalled = self.clients.backoff.recall(uid, key, same)
        return recalled or self.clients.backoff.note(uid, key, same, await self._delete_now(resource, target))

    async def _delete_now(self, resource: ExternalResource, target: DeleteInput) -> StepResult:
        removal = target.removal
        try:
            parts = await resource.delete(target)
            return StepResult((*parts, *_without_a_turn(resource, removal, parts)))
        except OperatorError as error:
            placeless = isinstance(error, NeedsPerson) and error.reason == Reason.ENVIRONMENT_MISSING
            if placeless and not removal.known and target.environment is not None:
                # The Environment has no place for it, so it never was made; its Microservice must not wait for ever.
                return StepResult((Part(resource.layer, resource.kind, removal.name, State.READY),))
            refused = resource.failed(removal.name, error, removal.id_of(resource.kind))
            return StepResult((refused, *_companions_to_delete(resource, removal)))


def _targets(
    removals: Mapping[Key, Removal], owner: Identity, environment: Environment | None, lookup: MicroserviceLookup
) -> dict[Key, DeleteInput]:
    return {key: DeleteInput(removal, owner, environment, lookup) for key, removal in removals.items()}


async def in_order(order: Edges, takes: Mapping[Key, StepFunction]) -> dict[Key, StepResult]:
    """Run each function as soon as everything its key depends on has finished."""
    tasks: dict[Key, asyncio.Task[StepResult]] = {}

    async def turn(key: Key) -> StepResult:
        before = {earlier: await tasks[earlier] for earlier in sorted(order[key])}
        return await takes[key](before)

    for key in topological_order(order):
        tasks[key] = asyncio.create_task(turn(key))
    await asyncio.gather(*tasks.values(), return_exceptions=True)
    return {key: task.result() for key, task in tasks.items()}


def _look_again(awaited: Iterable[Part]) -> float | None:
    """When to read a waiting resource again: with the awaited ones, if these are read again anyway.

    A separate timer would retry refused or failing parts before their backoff ends.
    """
    for part in awaited:
        if part.failed or part.after is not None or part.state is State.STALLED or part.reason is Reason.WAITING:
            return None
    return AGAIN


def _stays(part: Part) -> bool:
    """Whether it is retained by its policy: what it depends on is retained with it."""
    return part.state is State.RETAINED and part.reason is not Reason.CONFLICT


def _without_a_turn(resource: ExternalResource, removal: Removal, parts: Iterable[Part]) -> tuple[Part, ...]:
    """Companions of a part that is still being deleted, which are deleted later."""
    if all(part.is_over for part in parts):
        return ()
    shown = {part.kind for part in parts}
    return tuple(part for part in _companions_to_delete(resource, removal) if part.kind not in shown)


def _waits_for_deletion(
    resource: ExternalResource, removal: Removal, message: str, after: float | None = None
) -> StepResult:
    """Report a resource that must be deleted later."""
    known_id = removal.id_of(resource.kind)
    part = Part(resource.layer, resource.kind, removal.name, State.DELETING, Reason.WAITING, message, known_id)
    return StepResult((replace(part, after=after), *_companions_to_delete(resource, removal)))


def _companions_to_delete(resource: ExternalResource, removal: Removal) -> tuple[Part, ...]:
    """Companions of a part whose deletion took no step; their ids stay in status."""
    itself = describe_keys([(resource.kind, removal.name)])
    return tuple(
        replace(
            part, state=State.DELETING, message=f"{describe_keys([(part.kind, part.name)])} is deleted after {itself}"
        )
        for part in _companions(resource, removal.name, removal.known)
    )


def _companions(resource: ExternalResource, name: str, ids: Mapping[str, str]) -> tuple[Part, ...]:
    """Companions of a part that took no step; their ids stay in status."""
    return tuple(
        Part(resource.layer, kind, name, State.UNKNOWN, Reason.WAITING, id=ids[kind])
        for kind in resource.companion_kinds
        if kind in ids
    )
