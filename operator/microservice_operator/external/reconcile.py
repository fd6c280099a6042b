"""One pass over everything that a Microservice holds outside the cluster.

Parts that need nothing, or only what can be used already, take their one step side by side; the others say what they
wait for. What leaves goes after all that needs it.
"""

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any

from ..api.parsing import Environment, Identity, Microservice
from ..database_connection import Connection
from ..errors import NeedsPerson, OperatorError
from ..facts import Part, Reason, Section, State
from .clients import Doors
from .deletion import Leaves, everything, is_over, known_of, undeclared
from .graph import Edges, Key, edges, listed, needed_by, turns
from .registry import REGISTRY
from .resource_type import Before, Going, Neighbours, Sort, Stepped, Wanted

AGAIN = 2.0  # for what waits for another part of the same Microservice
Taken = Mapping[Key, Stepped]
Take = Callable[[Taken], Awaitable[Stepped]]


@dataclass(frozen=True)
class Provided:
    """What a pass has come to: parts by section of the status, those that have left, and what pods are told.

    `kept`: something that is not declared any more stays until the rollout is complete.
    """

    sections: Mapping[Section, tuple[Part, ...]] = field(default_factory=dict)
    left: tuple[Part, ...] = ()
    connections: Mapping[str, Connection] = field(default_factory=dict)
    address: str = ""
    kept: bool = False

    @property
    def parts(self) -> tuple[Part, ...]:
        """All that is there or still leaving."""
        return tuple(part for parts in self.sections.values() for part in parts)

    def of(self, kind: str) -> tuple[Part, ...]:
        """Parts of one kind."""
        return tuple(part for part in self.parts if part.kind == kind)


@dataclass
class Outside(Doors):
    """The doors of one operator process, and what goes through them."""

    @cached_property
    def sorts(self) -> Mapping[str, Sort]:
        """The registry, by the kind of the part itself."""
        return {sort.kind: sort for sort in (entry(self) for entry in REGISTRY)}

    def declares(self, service: Microservice, environment: Environment | None) -> bool:
        """Whether a Microservice declares anything outside the cluster that there is a place for."""
        if environment is None or not (environment.spec.aws or environment.spec.databases):
            return False
        spec = service.spec.manifest()
        return any(tuple(sort.declared(spec, environment)) for sort in self.sorts.values())

    async def provide(
        self, service: Microservice, environment: Environment | None, before: Before, neighbours: Neighbours
    ) -> Provided:
        """One pass over what is declared, and over what is no longer."""
        spec = service.spec.manifest()
        common = Wanted("", service, environment, neighbours, remembered=before.known, rolled_out=before.rolled_out)
        wanted = {
            (sort.kind, item.name): replace(
                common,
                name=item.name,
                known=known_of(sort, item.name, before.known),
                recreate=before.recreate == item.name,
            )
            for sort in self.sorts.values()
            for item in sort.declared(spec, environment)
        }
        leaving = undeclared(self.sorts.values(), wanted, before.known)
        going = self._going(leaving, Going("", service.identity, environment, neighbours))
        stepped: dict[Key, Stepped] = {}
        kept = bool(going) and not before.rolled_out
        if kept:
            wanted = {key: replace(one, kept=frozenset(going)) for key, one in wanted.items()}
            message = "is not declared any more and goes when the rollout is complete"
            stepped = {key: self._waits(key, one.known, message) for key, one in going.items()}
            going = {}
        stepped |= await self._pass(service.name, wanted, going)
        left = tuple(part for key in going for part in stepped[key].parts if is_over(part))
        sections: dict[Section, tuple[Part, ...]] = {}
        for kind, name in sorted(stepped):
            shown = [part for part in stepped[kind, name].parts if (kind, name) in wanted or not is_over(part)]
            section = self.sorts[kind].section
            sections[section] = (*sections.get(section, ()), *shown)
        return Provided(
            sections={section: parts for section, parts in sections.items() if parts},
            left=left,
            connections={key[1]: stepped[key].connection for key in wanted if stepped[key].connection},  # type: ignore[misc]
            address=next((stepped[key].address for key in wanted if stepped[key].address), ""),
            kept=kept or any(at.kept for at in stepped.values()),
        )

    async def leave(
        self, owner: Identity, environment: Environment | None, leaving: Mapping[Key, Leaves], neighbours: Neighbours
    ) -> tuple[Part, ...]:
        """One pass over everything of a Microservice that is being deleted."""
        going = self._going(leaving, Going("", owner, environment, neighbours))
        stepped = await self._pass(owner.name, {}, going)
        return tuple(part for key in sorted(stepped) for part in stepped[key].parts)

    def waiting(self, leaving: Mapping[Key, Leaves], message: str) -> tuple[Part, ...]:
        """The parts of a Microservice that is being deleted, before any of them may go."""
        return tuple(part for key in sorted(leaving) for part in self._waits(key, leaving[key].known, message).parts)

    def everything(self, spec: object, environment: Environment | None, known: Mapping[Key, str]) -> dict[Key, Leaves]:
        """All parts of a Microservice that is being deleted, by policy."""
        return everything(self.sorts.values(), spec, environment, known)

    def _going(self, leaving: Mapping[Key, Leaves], common: Going) -> dict[Key, Going]:
        return {
            key: replace(common, name=key[1], policy=leaves.policy, known=leaves.known, adopts=leaves.adopts)
            for key, leaves in leaving.items()
        }

    async def _pass(self, owner: str, wanted: Mapping[Key, Wanted], going: Mapping[Key, Going]) -> dict[Key, Stepped]:
        wants, goes = self._needs(owner, wanted), self._needs(owner, going)

        def take(key: Key) -> Take:
            if key in wanted:
                return lambda before: self._step(key, wanted[key], before)
            return lambda before: self._leave(key, going[key], before, needed_by(key, goes))

        order = edges(wants, goes)
        for key in wanted:
            follows = self.sorts[key[0]].follows
            order[key] |= {other for other in wanted if other[0] in follows}
        return await in_order(order, {key: take(key) for key in order})

    def _needs(self, owner: str, keys: Iterable[Key]) -> Edges:
        return {(kind, name): frozenset(self.sorts[kind].needs(owner, name)) for kind, name in keys}

    async def _step(self, key: Key, wanted: Wanted, needs: Taken) -> Stepped:
        sort = self.sorts[key[0]]
        known_id = wanted.known.get(sort.kind, "")
        before = {other: at.part for other, at in needs.items()}
        needs = {need: at for need, at in needs.items() if need[0] not in sort.follows}
        missing = [need for need, at in needs.items() if not self.sorts[need[0]].usable(at.part)]
        if missing:
            message = f"{listed([key])} waits for {listed(missing)}"
            waits = Part(sort.layer, sort.kind, wanted.name, State.PROGRESSING, Reason.WAITING, message, known_id)
            after = _look_again(part for need in missing for part in needs[need].parts)
            return Stepped((replace(waits, after=after), *_remembered(sort, wanted.name, wanted.known)))
        uid, same = wanted.service.identity.uid, self._sameness(wanted, before)
        recalled = self.backoffs.recall(uid, key, same)
        if recalled:
            return recalled
        try:
            needed = {need: at.part for need, at in needs.items()}
            stepped = await sort.step(replace(wanted, needs=needed, before=before))
        except OperatorError as error:
            refused = sort.refused(wanted.name, error, known_id)
            stepped = Stepped((refused, *_remembered(sort, wanted.name, wanted.known)))
        return self.backoffs.note(uid, key, same, stepped)

    def _sameness(self, wanted: Wanted, before: Mapping[Key, Part]) -> Any:
        """What a part that is in trouble is tried again for at once, if it changes."""
        stood_on = {key: (part.id, self.sorts[key[0]].usable(part)) for key, part in before.items()}
        known = dict(wanted.known)
        return wanted.service.spec, wanted.environment, known, wanted.recreate, wanted.kept, stood_on

    def _waits(self, key: Key, known: Mapping[str, str], what: str) -> Stepped:
        """A part that is to go and has no turn yet."""
        sort, message = self.sorts[key[0]], f"{listed([key])} {what}"
        part = Part(sort.layer, sort.kind, key[1], State.DELETING, Reason.WAITING, message, known.get(sort.kind, ""))
        return Stepped((part, *_remembered(sort, key[1], known, leaving=True)))

    async def _leave(self, key: Key, going: Going, before: Taken, leaving: frozenset[Key]) -> Stepped:
        sort = self.sorts[key[0]]
        known_id = going.known.get(sort.kind, "")
        holding = [other for other, at in before.items() if not all(is_over(part) for part in at.parts)]
        if holding:
            message = f"{listed([key])} goes after {listed(holding)}"
            waits = Part(sort.layer, sort.kind, going.name, State.DELETING, Reason.WAITING, message, known_id)
            after = _look_again(part for other in holding for part in before[other].parts)
            return Stepped((replace(waits, after=after), *_remembered(sort, going.name, going.known, leaving=True)))
        if any(_stays(before[other].part) for other in leaving if other in before):
            going = replace(going, policy="Retain")
        uid, same = going.owner.uid, (going.policy, dict(going.known), going.adopts, going.environment)
        recalled = self.backoffs.recall(uid, key, same)
        return recalled or self.backoffs.note(uid, key, same, await self._let_go(sort, going))

    async def _let_go(self, sort: Sort, going: Going) -> Stepped:
        known_id = going.known.get(sort.kind, "")
        try:
            parts = await sort.leave(going)
            return Stepped((*parts, *_without_a_turn(sort, going, parts)))
        except OperatorError as error:
            placeless = isinstance(error, NeedsPerson) and error.reason == Reason.ENVIRONMENT_MISSING
            if placeless and not going.known and going.environment is not None:
                # The Environment has no place for it, so it never was made; its Microservice must not wait for ever.
                return Stepped((Part(sort.layer, sort.kind, going.name, State.READY),))
            return Stepped(
                (sort.refused(going.name, error, known_id), *_remembered(sort, going.name, going.known, leaving=True))
            )


async def in_order(order: Edges, takes: Mapping[Key, Take]) -> dict[Key, Stepped]:
    """Let each take its turn as soon as all that it waits for have had theirs, and no later."""
    tasks: dict[Key, asyncio.Task[Stepped]] = {}

    async def turn(key: Key) -> Stepped:
        before = {other: await tasks[other] for other in sorted(order[key])}
        return await takes[key](before)

    for key in turns(order):
        tasks[key] = asyncio.create_task(turn(key))
    await asyncio.gather(*tasks.values(), return_exceptions=True)
    return {key: task.result() for key, task in tasks.items()}


def _look_again(awaited: Iterable[Part]) -> float | None:
    """When to look at a part that waits for others: with them, if they are looked at again by themselves.

    A clock of its own would take a part that is refused, or fails, out of its back-off.
    """
    for part in awaited:
        if part.failed or part.after is not None or part.state is State.STALLED or part.reason is Reason.WAITING:
            return None
    return AGAIN


def _stays(part: Part) -> bool:
    """Left in place by its policy: what it stands on stays with it."""
    return part.state is State.RETAINED and part.reason is not Reason.CONFLICT


def _without_a_turn(sort: Sort, going: Going, parts: Iterable[Part]) -> tuple[Part, ...]:
    """What is beside a part that is still leaving, and has its turn later."""
    if all(is_over(part) for part in parts):
        return ()
    shown = {part.kind for part in parts}
    return tuple(part for part in _remembered(sort, going.name, going.known, leaving=True) if part.kind not in shown)


def _remembered(sort: Sort, name: str, known: Mapping[str, str], *, leaving: bool = False) -> tuple[Part, ...]:
    """What is beside a part that took no step: its ids are not to be forgotten."""
    state = State.DELETING if leaving else State.UNKNOWN
    itself = listed([(sort.kind, name)])
    return tuple(
        Part(
            layer=sort.layer,
            kind=kind,
            name=name,
            state=state,
            reason=Reason.WAITING,
            message=f"{listed([(kind, name)])} goes after {itself}" if leaving else "",
            id=known[kind],
        )
        for kind in sort.beside
        if kind in known
    )
