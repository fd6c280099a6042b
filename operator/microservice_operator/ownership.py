"""Determines who owns an external resource, by its owner tags.

An AWS resource has tags; a PostgreSQL database or role has JSON in its comment. A name proves nothing: two clusters may
share an account, and a person may have created a resource with the name that the operator would choose.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum

from . import names
from .api.parsing import Environment, Identity
from .api.tags import tag_labels

# "Tag naming limits and requirements" (Tagging AWS Resources): user-created tags per resource. Our tags are the four of
# the owner, and those for declared, adopted and retained resources.
TAGS_OF_A_RESOURCE = 50
OWN_TAGS = 7
OWNER_TAGS = frozenset({names.TAG_CLUSTER, names.TAG_NAMESPACE, names.TAG_NAME, names.TAG_UID, names.TAG_ENVIRONMENT})


class Ownership(StrEnum):
    """Ownership of a resource, by its tags."""

    OURS = "Ours"
    RETAINED = "Retained"  # left by an earlier Microservice of the same name, which may be adopted again
    FOREIGN = "Foreign"  # never touched


@dataclass(frozen=True)
class Owner:
    """The Microservice that owns a resource, unique across clusters; `cluster` is the UID of `kube-system`.

    `namespace_uid` distinguishes its namespace from an earlier one of the same name, "" if unknown. An `heir` may, by
    consent of the platform team, take what a Microservice of its name left in such an earlier namespace.
    """

    cluster: str
    identity: Identity
    namespace_uid: str = ""
    heir: bool = False

    @property
    def marks(self) -> dict[str, str]:
        """Tags that every resource of this owner has from its creation."""
        return {
            names.TAG_CLUSTER: self.cluster,
            names.TAG_NAMESPACE: self.identity.namespace,
            names.TAG_NAME: self.identity.name,
            names.TAG_UID: self.identity.uid,
        }

    @property
    def retained(self) -> str:
        """Tag value of retained resources: the namespace in which a Microservice of the same name may reuse them."""
        return self.namespace_uid or "true"

    @property
    def inheritance(self) -> str:
        """Item that an annotation of the Environment must contain so that this owner is an heir."""
        return f"{self.identity.namespace}/{self.identity.name}:retained"

    def left_by_namesake(self, marks: Mapping[str, str]) -> bool:
        """Return whether an earlier Microservice of the same name left a resource, in this or an earlier namespace."""
        differing = {key for key, value in self.marks.items() if marks.get(key) != value}
        return differing == {names.TAG_UID} and names.TAG_UID in marks and bool(marks.get(names.TAG_RETAINED))

    def standing(self, marks: Mapping[str, str]) -> Ownership:
        """Determine the ownership of a resource from its tags."""
        ours = self.marks
        differing = {key for key, value in ours.items() if marks.get(key) != value}
        if not differing:
            return Ownership.OURS
        if self.left_by_namesake(marks) and (self.heir or marks.get(names.TAG_RETAINED) == self.retained):
            return Ownership.RETAINED
        return Ownership.FOREIGN

    def name(self, part: str, limit: int, separator: str = "-") -> str:
        """Return the name of one of its resources, the same in every reconciliation."""
        identity = self.identity
        return names.cloud_name((self.cluster, identity.namespace, identity.name, part), limit, separator)


@dataclass(frozen=True)
class SharedOwner(Owner):
    """An Environment, as the owner of what its Microservices share; `identity.name` is its name.

    Its UID is not a tag: an Environment that is created again under its name finds its resources, and URLs stay the
    same.
    """

    @property
    def marks(self) -> dict[str, str]:
        """Tags that every resource of this owner has from its creation."""
        return {names.TAG_CLUSTER: self.cluster, names.TAG_ENVIRONMENT: self.identity.name}


def shared_tags(environment: Environment | None) -> Mapping[str, str]:
    """Return the tags that an Environment sets on resources in AWS; none without an account."""
    return (environment.spec.tags or {}) if environment and environment.spec.aws else {}


def too_many_tags(shared: Mapping[str, str], own: Mapping[str, str] | None) -> str:
    """Say that tags leave no room for the operator's own on an AWS resource; "" if they do."""
    count, limit = len(combined_tags(shared, own)), TAGS_OF_A_RESOURCE - OWN_TAGS
    if count <= limit:
        return ""
    return (
        f"has {count} tags together with those of the Environment, but an AWS resource has room for {limit} in"
        f" addition to the operator's own {OWN_TAGS}; remove {count - limit} of them"
    )


def combined_tags(shared: Mapping[str, str], own: Mapping[str, str] | None) -> dict[str, str]:
    """Return the Environment's tags, and those that the Microservice adds.

    Policies of an account may rely on the Environment's tags, and conditions on tags ignore the case of keys ("IAM JSON
    policy elements: Condition").
    """
    taken = {key.lower() for key in shared}
    return {**{key: value for key, value in (own or {}).items() if key.lower() not in taken}, **shared}


def overridden_tags(shared: Mapping[str, str], own: Mapping[str, str] | None) -> Iterator[tuple[str, str]]:
    """Yield field and message for each tag of a Microservice without effect, because its Environment sets another."""
    by_case = {key.lower(): key for key in shared}
    for key, value in (own or {}).items():
        twin = key if key in shared else by_case.get(key.lower())
        if twin is not None and (key, value) != (twin, shared[twin]):
            message = f"has no effect in AWS, because the Environment sets the tag {twin}: {shared[twin]}"
            label = tag_labels({key: value})
            remedy = "keep it, because it is also a label, and a change replaces the pods" if label else "remove it"
            yield f"spec.tags.{key}", f"{message}; {remedy}"
