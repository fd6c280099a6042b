"""Reconciles and deletes the role of a Microservice and the association that gives it to the pods.

A role holds no data: the operator creates a deleted role again, and deletes it when no declaration needs it any more.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from ...api.environment import AWS, PodRoles
from ...api.parsing import Microservice
from ...errors import NeedsPerson, OperatorError
from ...facts import Part, Reason, State
from ...resources import Removal
from ...resync_cache import Outcome
from ..engine.account import other_account
from ..engine.arns import needs_role
from ..engine.call import Lane
from ..engine.decide import Desired
from ..engine.fields import Field, Reasons, ResourceSchema
from ..engine.policy_documents import same_policy
from ..engine.reconcile import at_home, reconcile, remove
from ..engine.report import failed
from ..engine.rules import exact, if_given
from ..engine.scope import AwsScope, site
from ..engine.tags import desired_tags, owned_tags
from .pod_identity_adapter import EFFECTIVE_AFTER, PodIdentityAssociation, is_young
from .role_adapter import IAMRole
from .service_policy import Granting, document, excess, granted
from .trust import trust

KEPT = "permissions of the previous declaration stay until the rollout is complete"
SERVICE_ROLE = "service"  # name of the part; a Microservice has one role
_NOT_THERE = (Reason.IDENTITY_CREATING, Reason.IDENTITY_DELETING, Reason.CONFLICT)
_REASONS = Reasons(
    creating=Reason.IDENTITY_CREATING,
    created=Reason.IDENTITY_CREATED,
    updating=Reason.IDENTITY_UPDATING,
    deleting=Reason.IDENTITY_DELETING,
    deleted=Reason.IDENTITY_DELETED,
    retained=Reason.IDENTITY_DELETED,  # a role is never retained
    lost=Reason.IDENTITY_CREATING,  # and never lost: it is created again
    unusable=Reason.CONFLICT,
)


ROLE = ResourceSchema(
    name="Role",
    fields=(
        Field("tags", owned_tags, "tags"),
        # without a declared boundary the current one stays: only the platform team may widen a role
        Field("boundary", if_given, "the permissions boundary"),
        Field("trust", same_policy, "the trust policy"),
        Field("policy", granted, "the policy"),
    ),
    reasons=_REASONS,
    named_by=None,
)
ASSOCIATION = ResourceSchema(
    name="PodIdentityAssociation",
    fields=(Field("tags", owned_tags, "tags"), Field("role", exact, "the role")),
    reasons=_REASONS,
    named_by=None,
)


@dataclass(frozen=True)
class DesiredIdentity:
    """A Microservice that needs a role, and the Environment's settings for it.

    `known` are the ids from the status, by kind; `granting` the permissions of the role. `tags` are only the
    Environment's: policies of an account may grant access by the tags of a role, so its author must not choose them.
    """

    service: Microservice
    aws: AWS
    tags: Mapping[str, str] = field(default_factory=dict)
    known: Mapping[str, str] = field(default_factory=dict)
    granting: Granting = field(default_factory=Granting)


def keeps_former(parts: Iterable[Part]) -> bool:
    """Whether the role still has permissions that only pods of the previous declaration use."""
    return any(part.message == KEPT for part in parts)


def credentials_usable(parts: Iterable[Part]) -> bool:
    """Whether pods can get credentials; a running or refused change does not prevent it."""
    return all(part.id and part.reason not in _NOT_THERE for part in parts)


async def reconcile_identity(scope: AwsScope, desired: DesiredIdentity) -> tuple[Part, ...]:
    """Take at most one step towards the role, and one towards the association once the role exists.

    Never raises an OperatorError: the parts contain the error.
    """
    roles = desired.aws.identity
    if roles is None or not needs_role(desired.service):
        return ()
    too_long = excess(document(desired.granting.grants))
    if too_long:
        return (_too_long(scope, desired, too_long),)
    fields = {
        "tags": desired_tags(scope.owner, desired.tags),
        "boundary": desired.aws.permissions_boundary_arn,
        "trust": trust(desired.aws, roles, scope.owner.identity),
        "policy": desired.granting,
    }
    cached_state = {**fields, "policy": replace(desired.granting, former=frozenset()), "place": scope.place}
    cached = [scope.resync_cache.get(_key(scope, kind), cached_state) for kind in _kinds(roles)]
    if all(cached):
        return tuple(part for part in cached if part)
    outcomes = await _reconcile_role_and_association(scope, desired, fields)
    if all(outcome.up_to_date for outcome in outcomes) and len(outcomes) == len(cached):
        for kind, outcome in zip(_kinds(roles), outcomes, strict=True):
            scope.resync_cache.put(_key(scope, kind), cached_state, outcome.part)
    uid = scope.owner.identity.uid
    return tuple(
        scope.resync_cache.with_warning((uid, outcome.part.kind, SERVICE_ROLE), outcome.part) for outcome in outcomes
    )


async def delete_identity(scope: AwsScope, removal: Removal, cluster: str = "") -> tuple[Part, ...]:
    """Take at most one step to delete the association, if any, in EKS cluster `cluster`, then the role.

    It is done when every part's state is Ready (gone) or Retained (never ours).
    """
    for kind in (ROLE, ASSOCIATION):
        scope.resync_cache.invalidate(_key(scope, kind))
    known_id, associated = (removal.id_of(kind.name) for kind in (ROLE, ASSOCIATION))
    associations: tuple[Part, ...] = ()
    cluster = _cluster(associated) or cluster
    if cluster and not associated and await other_account(scope):
        cluster = ""  # it was refused, and the role may not even look for one
    if cluster:
        associations = (await _remove_association(scope, cluster, associated),)
        if not associations[0].is_over:
            message = f"role {SERVICE_ROLE} is deleted after its association"
            waits = Part("AWS", ROLE.name, SERVICE_ROLE, State.DELETING, Reason.IDENTITY_DELETING, message, known_id)
            return waits, *associations
    role = IAMRole(scope, site(scope).role_name, lane=Lane.DELETE)
    return await remove(scope, role, ROLE, Removal(SERVICE_ROLE, "Delete", removal.known)), *associations


async def _reconcile_role_and_association(
    scope: AwsScope, desired: DesiredIdentity, fields: Mapping[str, Any]
) -> list[Outcome]:
    known_id, associated = (desired.known.get(kind.name, "") for kind in (ROLE, ASSOCIATION))
    try:
        # A role has no region, but its trust policy names the region of the cluster whose pods use it now.
        at_home(scope, ASSOCIATION, SERVICE_ROLE, associated)
        if desired.aws.identity and desired.aws.identity.cluster_name:
            await _refuse_other_accounts(scope)
    except OperatorError as error:
        kept = ((ROLE, known_id), (ASSOCIATION, associated))
        parts = (Part("AWS", kind.name, SERVICE_ROLE, State.UNKNOWN, id=id_) for kind, id_ in kept)
        return [Outcome(failed(part, error)) for part in parts]
    role = IAMRole(scope, site(scope).role_name, site(scope).role_path)
    state = Desired(SERVICE_ROLE, scope.owner, fields, known_id, recreate=True, at="spec")
    first = _report_kept_permissions(desired.granting, role, await reconcile(scope, role, ROLE, state))
    cluster = desired.aws.identity.cluster_name if desired.aws.identity else None
    if _cluster(associated) not in ("", cluster):
        # the Environment now names another cluster, or none
        former = await _remove_association(scope, _cluster(associated), associated)
        if not former.is_over:
            return [first, Outcome(former)]
        first = replace(first, part=replace(first.part, events=(*first.part.events, *former.events)))
    if cluster is None:
        return [_effective(role, first)]
    if not first.part.id or (first.part.state is State.STALLED and not associated):
        return [first, _not_yet(associated)]
    association = PodIdentityAssociation(scope, cluster, role_created=role.created)
    needed = {"tags": fields["tags"], "role": first.part.id}
    return [
        first,
        await reconcile(
            scope, association, ASSOCIATION, replace(state, fields=needed, known_id=associated, within=cluster)
        ),
    ]


async def _refuse_other_accounts(scope: AwsScope) -> None:
    """Raise NeedsPerson if EKS would have to look for the cluster in another account than the operator's.

    EKS finds a cluster by its name in the account of the caller, and there another cluster may have that name.
    """
    if own := await other_account(scope):
        raise NeedsPerson(
            Reason.ACCOUNT_MISMATCH,
            f"spec.aws.identity of the Environment has type PodIdentity, which gives pods only roles of the cluster's "
            f"account {own}, but spec.aws.roleARN names account {scope.account_id}; use type IRSA with an OIDC "
            "provider of that account for the issuer of this cluster",
        )


def _report_kept_permissions(granting: Granting, role: IAMRole, outcome: Outcome) -> Outcome:
    """Report an up-to-date role that keeps old permissions until the rollout is complete."""
    if not outcome.up_to_date or granted(replace(granting, former=frozenset()), role.granted) is None:
        return outcome
    return Outcome(replace(outcome.part, message=KEPT))


def _not_yet(known_id: str) -> Outcome:
    message = f"pod identity association {SERVICE_ROLE} is waiting for the role"
    part = Part("AWS", ASSOCIATION.name, SERVICE_ROLE, State.PROGRESSING, Reason.IDENTITY_CREATING, message, known_id)
    return Outcome(replace(part, after=EFFECTIVE_AFTER / 2))


def _effective(role: IAMRole, outcome: Outcome) -> Outcome:
    """Report a new role as Progressing, because AWS exchanges tokens only where it already knows the role."""
    if not is_young(role.created) or outcome.part.state not in (State.READY, State.PROGRESSING):
        return outcome
    message = f"role {SERVICE_ROLE} is created but not yet known everywhere in AWS"
    part = replace(outcome.part, state=State.PROGRESSING, reason=Reason.IDENTITY_CREATING, message=message)
    return Outcome(replace(part, after=part.after or EFFECTIVE_AFTER / 2))


async def _remove_association(scope: AwsScope, cluster: str, known_id: str) -> Part:
    association = PodIdentityAssociation(scope, cluster, Lane.DELETE)
    removal = Removal(SERVICE_ROLE, "Delete", {ASSOCIATION.name: known_id}, within=cluster)
    return await remove(scope, association, ASSOCIATION, removal)


def _too_long(scope: AwsScope, desired: DesiredIdentity, message: str) -> Part:
    known_id = desired.known.get(ROLE.name, "")
    part = Part("AWS", ROLE.name, SERVICE_ROLE, State.STALLED, Reason.REJECTED, message, known_id, "spec")
    return scope.resync_cache.with_warning(_key(scope, ROLE), part)


def _kinds(roles: PodRoles) -> tuple[ResourceSchema, ...]:
    return (ROLE, ASSOCIATION) if roles.cluster_name else (ROLE,)


def _key(scope: AwsScope, kind: ResourceSchema) -> tuple[str, str, str]:
    return scope.owner.identity.uid, kind.name, SERVICE_ROLE


def _cluster(association_arn: str) -> str:
    """`arn:aws:eks:REGION:ACCOUNT:podidentityassociation/CLUSTER/ID` → `CLUSTER`."""
    return association_arn.partition("/")[2].rpartition("/")[0]
