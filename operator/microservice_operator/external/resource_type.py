"""PURE: what the mechanism knows of a sort of part outside the cluster: one entry of the registry each.

A part may come with others `beside` it that share its name (a role with its association); `step` and `leave` answer
for all of them, the part itself first.
"""

from collections.abc import Awaitable, Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Literal, Protocol

from ..api.parsing import Environment, Identity, Microservice
from ..database_connection import Connection
from ..errors import OperatorError
from ..facts import Part, Reason, Section, State
from ..raw_objects import mappings, text
from .graph import Key

DATABASE = "Database"  # kind of a database on a server, shared or an instance of its own
Policy = Literal["Retain", "Snapshot", "Delete"]


class MicroserviceLookup(Protocol):
    """The other Microservices, for parts that reach across."""

    @property
    def microservices(self) -> Mapping[tuple[str, str], Mapping[str, Any]]:
        """All, by namespace and name, as they are written."""

    def dependency(self, key: tuple[str, str]) -> tuple[Mapping[str, Any], Microservice | None] | None:
        """One by namespace and name: its body, and parsed if it is valid."""


@dataclass(frozen=True)
class PreviousStatus:
    """What status says of earlier passes; `recreate` names the lost part that a person allows to be made anew, once.

    `rolled_out`: no pod of a former declaration is left, so what only they used may go.
    """

    known: Mapping[Key, str]
    recreate: str = ""
    rolled_out: bool = True


@dataclass(frozen=True)
class Declaration:
    """A part as plain data of a spec has it; "" where the policy is the default, or where it takes over nothing."""

    name: str
    policy: str = ""
    adopts: str = ""


@dataclass(frozen=True)
class ReconcileInput:
    """A declared part whose turn it is. `known` are ids that status remembers, by kind; `needs` have been stepped.

    `remembered` are the ids of all parts of the Microservice. `kept` are those that are not declared any more and that
    pods of the former declaration may still use: what these were granted, they keep. `rolled_out`: there are none of
    them. `before` are parts that have had their turn in this pass, those that it `follows` too.
    """

    name: str
    service: Microservice
    environment: Environment | None
    lookup: MicroserviceLookup
    known: Mapping[str, str] = field(default_factory=dict)
    recreate: bool = False
    needs: Mapping[Key, Part] = field(default_factory=dict)
    remembered: Mapping[Key, str] = field(default_factory=dict)
    kept: frozenset[Key] = frozenset()
    rolled_out: bool = True
    before: Mapping[Key, Part] = field(default_factory=dict)

    @property
    def tags(self) -> dict[str, str]:
        """Those of everything that the service has in AWS."""
        return tags(self.service, self.environment)


@dataclass(frozen=True)
class DeleteInput:
    """A part that is not wanted any more."""

    name: str
    owner: Identity
    environment: Environment | None
    lookup: MicroserviceLookup
    known: Mapping[str, str] = field(default_factory=dict)
    policy: Policy = "Retain"
    adopts: str = ""


@dataclass(frozen=True)
class StepResult:
    """What a step has come to: the part and what is beside it, and what else the walk hands on."""

    parts: tuple[Part, ...]
    connection: Connection | None = None
    address: str = ""
    kept: bool = False  # something stays until the rollout is complete

    @property
    def part(self) -> Part:
        """The part itself."""
        return self.parts[0]


def tags(service: Microservice, environment: Environment | None) -> dict[str, str]:
    """The Environment's, overlaid with the Microservice's."""
    shared = environment.spec.tags if environment else None
    return {**(shared or {}), **(service.spec.tags or {})}


def in_use(part: Part) -> bool:
    """Whether others can build on it: it was as wanted when it was last looked at."""
    return bool(part.id) and part.state in (State.READY, State.UNKNOWN)


def nothing(_owner: str, _name: str) -> tuple[Key, ...]:
    """Needs of a part that needs none."""
    return ()


@dataclass(frozen=True)
class ResourceType:
    """A sort of part.

    `declared` reads a spec as plain data and trusts nothing, for one that never was valid can be deleted all the same.
    `needs` names, by the Microservice's and the part's name, all that the part can ever need: the same for a declared
    part and for one of which only the name is left. It `follows` the kinds whose parts have their turn first, and waits
    for none of them. What `keeps` data stays when its declaration, and with it the consent to delete, is gone.
    """

    kind: str
    layer: Literal["AWS", "PostgreSQL"]
    section: Section
    declarations: Callable[[Mapping[str, Any], Environment | None], Iterable[Declaration]]
    reconcile: Callable[[ReconcileInput], Awaitable[StepResult]]
    delete: Callable[[DeleteInput], Awaitable[tuple[Part, ...]]]
    keeps: bool = True
    beside: tuple[str, ...] = ()
    needs: Callable[[str, str], Iterable[Key]] = nothing
    follows: frozenset[str] = frozenset()
    usable: Callable[[Part], bool] = in_use

    @property
    def kinds(self) -> tuple[str, ...]:
        """Kinds of everything that it answers for."""
        return (self.kind, *self.beside)

    @property
    def policy(self) -> Policy:
        """What becomes of a part whose declaration says nothing."""
        return "Retain" if self.keeps else "Delete"

    def refused(self, name: str, error: OperatorError, known_id: str = "") -> Part:
        """A part that no call was made for; what could not be looked at is not known to be lost."""
        waits = getattr(error, "after", None)
        reason = Reason(getattr(error, "reason", Reason.INTERNAL_ERROR))
        state = State.STALLED if waits is None else State.UNKNOWN
        failed = waits is not None
        part = Part(self.layer, self.kind, name, state, reason, str(error), known_id, after=waits, failed=failed)
        return replace(part, field=getattr(error, "field", ""))


def items(spec: Any, section: str) -> tuple[Declaration, ...]:
    """Entries of a list of the spec that have names."""
    entries = [(text(item, "name"), text(item, "deletionPolicy")) for item in mappings(spec, section)]
    return tuple(Declaration(name, policy) for name, policy in entries if name)
