"""PURE: the two sides of an external resource, for AWS and PostgreSQL alike: declared, or to be removed."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Generic, Literal, TypeVar

Policy = Literal["Retain", "Snapshot", "Delete"]
Spec = TypeVar("Spec")


@dataclass(frozen=True)
class Consent:
    """Consent to adopt an existing resource, to delete an adopted one, or to restore a copy; the platform team decides.

    `item` is the value that an annotation of the Environment must contain.
    """

    allowed: bool
    item: str


@dataclass(frozen=True)
class DesiredResource(Generic[Spec]):
    """A declared resource.

    - `spec`: its declaration; `field`: the declaration's path in the Microservice.
    - `tags`: the Environment's, and those that the Microservice adds.
    - `known`: ids from the status, by kind. If a known resource that holds data no longer exists, its data is lost, and
      only a person (`recreate`) can allow an empty one.
    - `adoption`: the Environment's consent to an adoption, if the spec has one.
    - `restore`: the Environment's consent to restore it from another owner's data, if the spec restores it.
    """

    spec: Spec
    tags: Mapping[str, str] = field(default_factory=dict)
    known: Mapping[str, str] = field(default_factory=dict)
    recreate: bool = False
    field: str = ""
    adoption: Consent | None = None
    restore: Consent | None = None

    def id_of(self, kind: str) -> str:
        """Return its id in the status, "" if it has none."""
        return self.known.get(kind, "")


@dataclass(frozen=True)
class Removal:
    """A resource that is no longer declared; without its declaration its policy is unknown, so it is retained.

    - `known`: ids from the status, by kind.
    - `adopts`: the name outside the cluster of an adopted resource; `consent`: the consent to delete such a resource.
    - `within`: its parent, where one reconciliation looks at several parents.
    """

    name: str
    policy: Policy = "Retain"
    known: Mapping[str, str] = field(default_factory=dict)
    adopts: str = ""
    consent: Consent | None = None
    within: str = ""

    def id_of(self, kind: str) -> str:
        """Return its id in the status, "" if it has none."""
        return self.known.get(kind, "")
