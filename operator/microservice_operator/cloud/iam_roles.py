"""The role of a Microservice and how its pods come to it: what the walk calls.

A role holds no data: it is made anew when somebody has deleted it, and goes with the last declaration that needs it.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from ..api.environment import AWS, PodRoles
from ..api.objects import Microservice
from ..facts import Part, Reason, State
from .clients import Lane
from .eks import PodIdentityAssociation
from .iam import IAMRole
from .iam_trust import trust
from .place import Place
from .plan import Desired, Field, Kind, Leaving, Reasons
from .policy import document, excess, grants
from .policy_arns import Site, arns, needs_role
from .policy_documents import same_policy
from .resource import Outcome, reconcile, remove
from .rules import exact, if_given
from .tags import desired_tags, owned_tags

_REASONS = Reasons(
    creating=Reason.IDENTITY_CREATING,
    created=Reason.IDENTITY_CREATED,
    updating=Reason.IDENTITY_UPDATING,
    deleting=Reason.IDENTITY_DELETING,
    deleted=Reason.IDENTITY_DELETED,
    retained=Reason.IDENTITY_DELETED,  # never is
    lost=Reason.IDENTITY_CREATING,  # nor lost: it is made anew
    unusable=Reason.CONFLICT,
)


ROLE = Kind(
    name="Role",
    fields=(
        Field("tags", owned_tags, "tags"),
        # one that is not named is not taken away: only the platform team may widen what a role can do
        Field("boundary", if_given, "the permissions boundary"),
        Field("trust", same_policy, "the trust policy"),
        Field("policy", same_policy, "the policy"),
    ),
    reasons=_REASONS,
)
ASSOCIATION = Kind(
    name="PodIdentityAssociation",
    fields=(Field("tags", owned_tags, "tags"), Field("role", exact, "the role")),
    reasons=_REASONS,
)


@dataclass(frozen=True)
class WantedIdentity:
    """A Microservice that needs a role, and the Environment's word on how its pods get it.

    `known` are the ids that status remembers, by kind; `tags` the Environment's overlaid with the Microservice's.
    """

    service: Microservice
    aws: AWS
    tags: Mapping[str, str] = field(default_factory=dict)
    known: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class LeavingIdentity:
    """A role that is not needed any more, and its association if there is one: `cluster` is where to look for it."""

    cluster: str = ""
    known: Mapping[str, str] = field(default_factory=dict)


def site(place: Place) -> Site:
    """The place as names are made from it."""
    return Site(place.region, place.account_id, place.owner.cluster, place.owner.name)


async def reconcile_identity(place: Place, wanted: WantedIdentity) -> tuple[Part, ...]:
    """Take at most one step towards the role, and one towards the association once the role is there.

    Never raises an OperatorError: what went wrong is in the parts.
    """
    roles = wanted.aws.identity
    if roles is None or not needs_role(wanted.service):
        return ()
    here = site(place)
    policy = document(grants(wanted.service.spec, arns(here, wanted.service)))
    too_long = excess(policy)
    if too_long:
        return (_too_long(place, wanted, too_long),)
    fields = {
        "tags": desired_tags(place.owner, wanted.tags),
        "boundary": wanted.aws.permissions_boundary_arn,
        "trust": trust(wanted.aws, roles, place.owner.identity),
        "policy": policy,
    }
    recalled = [place.settled.recall(_key(place, kind), fields) for kind in _kinds(roles)]
    if all(recalled):
        return tuple(part for part in recalled if part)
    outcomes = await _looked_at(place, wanted, fields)
    if all(outcome.settled for outcome in outcomes) and len(outcomes) == len(recalled):
        for kind, outcome in zip(_kinds(roles), outcomes, strict=True):
            place.settled.keep(_key(place, kind), fields, outcome.part)
    uid, _, name = _key(place, ROLE)
    return tuple(place.settled.news((uid, outcome.part.kind, name), outcome.part) for outcome in outcomes)


async def delete_identity(place: Place, leaving: LeavingIdentity) -> tuple[Part, ...]:
    """Take at most one step towards letting it go, the association before the role.

    It is over when every part's state is Ready (gone) or Retained (never ours).
    """
    place.settled.forget(place.owner.identity.uid)
    parts = []
    cluster = _cluster(leaving.known.get(ASSOCIATION.name, "")) or leaving.cluster
    if cluster:
        parts.append(await _parted(place, cluster, leaving.known.get(ASSOCIATION.name, "")))
        if parts[0].state not in (State.READY, State.RETAINED):
            return (*parts, _waiting(place, leaving))
    role = IAMRole(place, site(place).role_name, lane=Lane.DELETE)
    return (*parts, await remove(role, ROLE, _leaving(place, leaving.known.get(ROLE.name, ""))))


async def _looked_at(place: Place, wanted: WantedIdentity, fields: Mapping[str, Any]) -> list[Outcome]:
    role = IAMRole(place, site(place).role_name, site(place).role_path)
    known_id = wanted.known.get(ROLE.name, "")
    desired = Desired(place.owner.identity.name, place.owner, fields, known_id, recreate=True, at="spec")
    first = await reconcile(role, ROLE, desired)
    cluster = wanted.aws.identity.cluster_name if wanted.aws.identity else None
    if cluster is None or not first.part.id:
        return [first]
    known_id = wanted.known.get(ASSOCIATION.name, "")
    if _cluster(known_id) not in ("", cluster):
        former = await _parted(place, _cluster(known_id), known_id)
        if former.state not in (State.READY, State.RETAINED):
            return [first, Outcome(former)]
    association = PodIdentityAssociation(place, cluster, role_created=role.created)
    needed = {"tags": fields["tags"], "role": first.part.id}
    return [first, await reconcile(association, ASSOCIATION, replace(desired, fields=needed, known_id=known_id))]


async def _parted(place: Place, cluster: str, known_id: str) -> Part:
    association = PodIdentityAssociation(place, cluster, Lane.DELETE)
    return await remove(association, ASSOCIATION, _leaving(place, known_id))


def _leaving(place: Place, known_id: str) -> Leaving:
    return Leaving(place.owner.identity.name, place.owner, "Delete", known_id)


def _waiting(place: Place, leaving: LeavingIdentity) -> Part:
    name, known_id = place.owner.identity.name, leaving.known.get(ROLE.name, "")
    message = f"role {name} goes after its association"
    return Part("AWS", ROLE.name, name, State.DELETING, Reason.IDENTITY_DELETING, message, known_id)


def _too_long(place: Place, wanted: WantedIdentity, message: str) -> Part:
    name, known_id = wanted.service.name, wanted.known.get(ROLE.name, "")
    part = Part("AWS", ROLE.name, name, State.STALLED, Reason.REJECTED, message, known_id, "spec")
    return place.settled.news(_key(place, ROLE), part)


def _kinds(roles: PodRoles) -> tuple[Kind, ...]:
    return (ROLE, ASSOCIATION) if roles.cluster_name else (ROLE,)


def _key(place: Place, kind: Kind) -> tuple[str, str, str]:
    return place.owner.identity.uid, kind.name, place.owner.identity.name


def _cluster(association_arn: str) -> str:
    """`arn:aws:eks:REGION:ACCOUNT:podidentityassociation/CLUSTER/ID` → `CLUSTER`."""
    return association_arn.partition("/")[2].rpartition("/")[0]
