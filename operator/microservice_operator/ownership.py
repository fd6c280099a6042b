"""Whose a thing outside the cluster is: the marks that say so, and how to read them.

An AWS resource carries them as tags, a PostgreSQL database or role as JSON in its comment. A name is no proof: two
clusters may share an account, and a person may have made a thing of the very name that we would choose.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from . import names
from .api.parsing import Identity

# "Tag naming limits and requirements" (Tagging AWS Resources): user-made tags of one resource; ours are the four marks
# of an owner, what was declared, what was taken over, and what is left behind.
TAGS_OF_A_RESOURCE = 50
OWN_TAGS = 7
OWNER_TAGS = frozenset({names.TAG_CLUSTER, names.TAG_NAMESPACE, names.TAG_NAME, names.TAG_UID, names.TAG_ENVIRONMENT})


class Ownership(StrEnum):
    """What the marks of a thing say of it."""

    OURS = "Ours"
    RETAINED = "Retained"  # left by an earlier Microservice of the same name, free to be adopted again
    FOREIGN = "Foreign"  # never touched


@dataclass(frozen=True)
class Owner:
    """The Microservice that a thing belongs to, across all clusters; `cluster` is the UID of `kube-system`.

    `namespace_uid` tells its namespace from an earlier one of the same name, "" where that is not known. An `heir` has
    the consent of whoever runs its Environment to what a Microservice of its name left in such a namespace.
    """

    cluster: str
    identity: Identity
    namespace_uid: str = ""
    heir: bool = False

    @property
    def marks(self) -> dict[str, str]:
        """What everything that belongs to it carries from its first moment."""
        return {
            names.TAG_CLUSTER: self.cluster,
            names.TAG_NAMESPACE: self.identity.namespace,
            names.TAG_NAME: self.identity.name,
            names.TAG_UID: self.identity.uid,
        }

    @property
    def retained(self) -> str:
        """The mark of what it leaves behind: the namespace in which a Microservice of its name may take it up again."""
        return self.namespace_uid or "true"

    @property
    def inheritance(self) -> str:
        """What an annotation of the Environment must say for it to be an heir."""
        return f"{self.identity.namespace}/{self.identity.name}:retained"

    def left_by_namesake(self, marks: Mapping[str, str]) -> bool:
        """Whether an earlier Microservice of its name left a thing behind, in this namespace or in a former one."""
        differing = {key for key, value in self.marks.items() if marks.get(key) != value}
        return differing == {names.TAG_UID} and names.TAG_UID in marks and bool(marks.get(names.TAG_RETAINED))

    def standing(self, marks: Mapping[str, str]) -> Ownership:
        """Read the marks that a thing carries."""
        ours = self.marks
        differing = {key for key, value in ours.items() if marks.get(key) != value}
        if not differing:
            return Ownership.OURS
        if self.left_by_namesake(marks) and (self.heir or marks.get(names.TAG_RETAINED) == self.retained):
            return Ownership.RETAINED
        return Ownership.FOREIGN

    def name(self, part: str, limit: int, separator: str = "-") -> str:
        """Name of one of its things, the same in every pass."""
        identity = self.identity
        return names.cloud_name((self.cluster, identity.namespace, identity.name, part), limit, separator)


@dataclass(frozen=True)
class SharedOwner(Owner):
    """An Environment, for what its Microservices share; `identity.name` is its name.

    Its UID is no mark: an Environment made anew under the same name finds what it had, and clients keep their address.
    """

    @property
    def marks(self) -> dict[str, str]:
        """What everything that belongs to it carries from its first moment."""
        return {names.TAG_CLUSTER: self.cluster, names.TAG_ENVIRONMENT: self.identity.name}


def too_many_tags(*declared: Mapping[str, str] | None) -> str:
    """What is wrong with tags that leave no room for the operator's own on a resource of AWS; "" if nothing."""
    count, limit = len(frozenset[str]().union(*(tags or {} for tags in declared))), TAGS_OF_A_RESOURCE - OWN_TAGS
    if count <= limit:
        return ""
    return (
        f"has {count} tags together with those of the Environment, and a resource of AWS has room for {limit} beside "
        f"the operator's own {OWN_TAGS}; remove {count - limit} of them"
    )
