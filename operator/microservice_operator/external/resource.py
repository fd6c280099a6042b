"""PURE: the contract between the reconciler of external resources and each type of resource.

`ExternalResource` is the abstract class. A declaration in a spec becomes a `ReconcileInput`; a resource to delete
becomes a `DeleteInput`; both result in parts, which the status shows.
"""

from abc import ABC, abstractmethod
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, ClassVar, Literal, Protocol, TypeVar

from ..api.parsing import Environment, Identity, Microservice
from ..database_connection import Connection
from ..errors import NeedsPerson, NotYet, OperatorError
from ..facts import Part, Reason, Section, State, with_error
from ..ownership import combined_tags, shared_tags
from ..raw_objects import mappings, text
from ..resources import Policy, Removal
from .graph import Key

if TYPE_CHECKING:  # only handed on
    from .clients import ExternalClients

DATABASE = "Database"  # kind of a database on a server, shared or on its own instance


class Named(Protocol):
    """An item of a list of the spec."""

    @property
    def name(self) -> str:
        """Its name, unique in the list."""


Item = TypeVar("Item", bound=Named)


class MicroserviceLookup(Protocol):
    """The other Microservices, for resources that depend on them."""

    @property
    def microservices(self) -> Mapping[tuple[str, str], Mapping[str, Any]]:
        """All bodies, by namespace and name."""

    def dependency(self, key: tuple[str, str]) -> tuple[Mapping[str, Any], Microservice | None] | None:
        """One by namespace and name: its body, and the parsed Microservice if the body is valid."""


@dataclass(frozen=True)
class PreviousStatus:
    """What status remembers of earlier reconciliations.

    `known` has the id of each part, by kind and name. `recreate` names the lost part that a person allows the operator
    to create again, once. `rolled_out`: no pod of an earlier declaration is left, so what only such pods used may go.
    `migrating`: a migration may still run.
    """

    known: Mapping[Key, str]
    recreate: str = ""
    rolled_out: bool = True
    migrating: bool = False


@dataclass(frozen=True)
class Declaration:
    """One resource as a spec declares it; `policy` is "" for the default, `adopts` is "" if it adopts nothing."""

    name: str
    policy: str = ""
    adopts: str = ""


@dataclass(frozen=True)
class ReconcileInput:
    """Everything that the reconciliation of one declared resource may read.

    - `known`: ids that status remembers of this resource, by kind; `remembered`: those of all the Microservice's parts.
    - `needs`: parts of the resources that this one depends on, reconciled before; `before`: all parts so far.
    - `kept`: resources that left the spec and that pods of an earlier declaration may still use, with their rights.
    - `rolled_out`: no such pod is left; `migrating`: a migration may still run.
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
    migrating: bool = False
    before: Mapping[Key, Part] = field(default_factory=dict)

    @property
    def tags(self) -> dict[str, str]:
        """Tags of everything that the service has in AWS, except its role and the role's association."""
        return tags(self.service, self.environment)


@dataclass(frozen=True)
class DeleteInput:
    """Everything that the deletion of one resource may read."""

    removal: Removal
    owner: Identity
    environment: Environment | None
    lookup: MicroserviceLookup


@dataclass(frozen=True)
class StepResult:
    """The parts after one step, the resource's own part first, and facts for the pods.

    `kept`: something stays until the rollout is complete.
    """

    parts: tuple[Part, ...]
    connection: Connection | None = None
    address: str = ""
    kept: bool = False

    @property
    def part(self) -> Part:
        """The resource's own part."""
        return self.parts[0]


class ExternalResource(ABC):
    """One type of external resource. Each of its methods takes at most one step and returns; the next call goes on.

    `companion_kinds` are kinds of parts that share a resource's name and life, such as the association of a role.
    A type that is `ordered_after` others runs after their resources and waits for none of them. What `holds_data` is
    retained when its declaration leaves the spec, because the consent to delete it leaves with it.
    """

    kind: ClassVar[str]
    layer: ClassVar[Literal["AWS", "PostgreSQL"]] = "AWS"
    section: ClassVar[Section]
    holds_data: ClassVar[bool] = True
    companion_kinds: ClassVar[tuple[str, ...]] = ()
    ordered_after: ClassVar[frozenset[str]] = frozenset()

    def __init__(self, clients: "ExternalClients") -> None:
        """Reach AWS, PostgreSQL and the API server through `clients`."""
        self._clients = clients

    @abstractmethod
    def declarations(self, spec: Mapping[str, Any], environment: Environment | None) -> Iterable[Declaration]:
        """The resources of this type that a spec declares.

        `spec` is untrusted plain data: a Microservice that never was valid can be deleted all the same.
        """

    @abstractmethod
    async def reconcile(self, declared: ReconcileInput) -> StepResult:
        """Take at most one step towards a declared resource.

        Raises an OperatorError when the attempt fails; the reconciler makes a part of it.
        """

    @abstractmethod
    async def delete(self, target: DeleteInput) -> tuple[Part, ...]:
        """Take at most one step towards deleting or retaining a resource, by its policy.

        The deletion is over when every part is Ready (gone) or Retained. Raises an OperatorError when the attempt
        fails.
        """

    def dependencies(self, owner: str, name: str) -> Iterable[Key]:  # noqa: ARG002 most types depend on nothing
        """Everything that a resource may depend on, by the names of its Microservice and of itself.

        The same for a declared resource and for one of which only the name is left.
        """
        return ()

    def usable(self, part: Part) -> bool:
        """Whether others can build on a resource: it was up to date when it was read last."""
        return bool(part.id) and part.state in (State.READY, State.UNKNOWN)

    @property
    def kinds(self) -> tuple[str, ...]:
        """The kinds of all its parts."""
        return (self.kind, *self.companion_kinds)

    @property
    def policy(self) -> Policy:
        """The deletion policy of a resource whose declaration names none."""
        return "Retain" if self.holds_data else "Delete"

    def failed(self, name: str, error: OperatorError, known_id: str = "") -> Part:
        """The part of a resource that an error stopped before any call; its id is kept."""
        part = Part(self.layer, self.kind, name, State.UNKNOWN, id=known_id)
        if isinstance(error, NotYet):
            return with_error(part, error)
        if isinstance(error, NeedsPerson):
            return replace(with_error(part, error), after=None)  # its next read is the resync
        return replace(part, state=State.STALLED, reason=Reason.INTERNAL_ERROR, message=str(error))


def tags(service: Microservice, environment: Environment | None) -> dict[str, str]:
    """The Environment's tags, and those that the Microservice adds; it overrides none."""
    return combined_tags(shared_tags(environment), service.spec.tags)


def items(spec: Any, section: str) -> tuple[Declaration, ...]:
    """The named items of a list of the spec."""
    entries = [(text(item, "name"), text(item, "deletionPolicy")) for item in mappings(spec, section)]
    return tuple(Declaration(name, policy) for name, policy in entries if name)


def declared_item(declared: Sequence[Item] | None, name: str) -> tuple[int, Item]:
    """Index and model of the item with this name, which the spec is known to declare."""
    return next((index, item) for index, item in enumerate(declared or ()) if item.name == name)


def without_snapshot(removal: Removal) -> Removal:
    """The removal of a resource that has no snapshots: it is retained instead."""
    return replace(removal, policy="Retain") if removal.policy == "Snapshot" else removal
