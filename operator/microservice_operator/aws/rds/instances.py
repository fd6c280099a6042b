"""Databases of provider `rds`: an instance for each, and the groups that it stands on; what the walk calls.

Groups come first, side by side; the instance waits for them, and they for its end. What is on the instance (database,
roles, rights) is the business of `postgres`, as on any other server.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from ...concurrency import side_by_side
from ...errors import OperatorError
from ...facts import Part, Reason, State
from ..engine.call import Lane
from ..engine.decide import Adoption, Deletion, Desired
from ..engine.fields import ResourceSchema
from ..engine.reconcile import Outcome, Resource, at_home, reconcile, remove
from ..engine.report import failed
from ..engine.scope import AwsScope
from ..engine.tags import desired_tags
from .admin_secret import MasterSecret
from .desired import PORT, WantedInstance, instance_fields, parameter_fields, unsaid
from .fields import INSTANCE, KINDS, PARAMETER_GROUP, SECURITY_GROUP, SUBNET_GROUP
from .group_adapters import ParameterGroup, SubnetGroup, parameter_groups
from .instance_adapter import Instance, Policy, region, upgrade_snapshot
from .responses import group_name, pending, restart_awaited
from .security_group_adapter import SecurityGroup, from_group

INSTANCE_KINDS = frozenset(kind.name for kind in KINDS)
_PREFIX = "ms-"
_NAME_LIMIT = 63
_OVER = (State.READY, State.RETAINED)


@dataclass(frozen=True)
class LeavingInstance:
    """A database that is not wanted any more; `adopts` is what AWS calls its instance if that was taken over.

    `deletion` is whether one that was may be deleted.
    """

    name: str
    policy: Policy = "Retain"
    known: Mapping[str, str] = field(default_factory=dict)
    adopts: str = ""
    deletion: Adoption | None = None


@dataclass(frozen=True)
class Endpoint:
    """Where an instance answers, and where its admin login is."""

    host: str
    port: int
    admin: MasterSecret


def instance_name(scope: AwsScope, database: str) -> str:
    """Name in AWS of the instance of a declared database, if it is made, and of what it stands on.

    "CreateDBInstance": letters, digits and single hyphens, a letter first, which a namespace need not begin with.
    """
    return re.sub("-+", "-", _PREFIX + scope.owner.name(database, _NAME_LIMIT - len(_PREFIX)))


def named(arn: str) -> str:
    """Name of an instance in its ARN: `arn:aws:rds:REGION:ACCOUNT:db:NAME`."""
    return arn.rpartition(":")[2]


async def reconcile_instance(scope: AwsScope, wanted: WantedInstance) -> tuple[tuple[Part, ...], Endpoint | None]:
    """Take at most one step for each resource of a declared database; where it answers, once it does.

    Never raises an OperatorError: what went wrong is in the parts.
    """
    elsewhere = _elsewhere(scope, wanted)
    if elsewhere:
        return elsewhere, None
    name, base = _identifier(scope, wanted), instance_name(scope, wanted.spec.name)
    cached_state = replace(wanted, known={})
    standing_on = [] if wanted.awaits_adoption else _groups(scope, wanted, base)
    groups = await side_by_side(_settled_or_looked_at(scope, group, cached_state) for group in standing_on)
    at = endpoint(scope, name)
    cached = scope.resync_cache.get(_key(scope, INSTANCE, wanted), (cached_state, unsaid(wanted.spec)))
    if cached and at and all(group.up_to_date for group in groups):
        return (cached, *(group.part for group in groups)), at
    instance = await _instance(scope, wanted, groups)
    if instance.up_to_date:
        scope.resync_cache.put(_key(scope, INSTANCE, wanted), (cached_state, unsaid(wanted.spec)), instance.part)
    part = scope.resync_cache.with_warning(_key(scope, INSTANCE, wanted), instance.part)
    return (part, *(group.part for group in groups)), endpoint(scope, name) if answers(part) else None


def _elsewhere(scope: AwsScope, wanted: WantedInstance) -> tuple[Part, ...]:
    """Parts of a database whose instance is in another account or region: none is touched, and no id forgotten."""
    for kind in KINDS:
        try:
            at_home(scope, kind, Deletion(wanted.spec.name, scope.owner, "Retain", wanted.known.get(kind.name, "")))
        except OperatorError as error:
            parts = (
                Part("AWS", kind.name, wanted.spec.name, State.UNKNOWN, id=id_, field=wanted.field)
                for kind, id_ in ((kind, wanted.known.get(kind.name, "")) for kind in KINDS)
            )
            return tuple(failed(part, error) for part in parts)
    return ()


async def _settled_or_looked_at(
    scope: AwsScope, group: tuple[Resource, ResourceSchema, Desired], cached_state: WantedInstance
) -> Outcome:
    """A group that was as wanted a moment ago is not asked for at every look at an instance that takes minutes."""
    key = _key(scope, group[1], cached_state)
    cached = scope.resync_cache.get(key, cached_state)
    if cached:
        return Outcome(cached, up_to_date=True)
    outcome = await reconcile(scope, *group)
    if outcome.up_to_date:
        scope.resync_cache.put(key, cached_state, outcome.part)
    return replace(outcome, part=scope.resync_cache.with_warning(key, outcome.part))


async def delete_instance(scope: AwsScope, leaving: LeavingInstance) -> tuple[Part, ...]:
    """Take a step for what goes: the instance first, then what it stood on, one after the other.

    It is over when the state of every part is Ready (gone) or Retained (left in place, also when it was never ours).
    """
    for kind in KINDS:
        scope.resync_cache.invalidate((scope.owner.identity.uid, kind.name, leaving.name))
    name = instance_name(scope, leaving.name)
    parts: list[Part] = []
    for kind in KINDS:
        try:
            resources = await _leaving(scope, leaving, (kind, name))
        except OperatorError as error:
            part = Part("AWS", kind.name, leaving.name, State.DELETING, Reason.DATABASE_DELETING)
            return (*parts, failed(part, error))
        parts += [await remove(scope, resource, kind, _goes(scope, leaving, kind)) for resource in resources]
        stays = kind is INSTANCE and parts[0].state is State.RETAINED
        # one that status knows and that is another's by its marks stands on them, too
        if stays and (parts[0].reason is not Reason.CONFLICT or leaving.known.get(INSTANCE.name)):
            leaving = replace(leaving, policy="Retain")
        if leaving.policy != "Retain" and any(part.state not in _OVER for part in parts):
            break
    return tuple(parts)


async def _leaving(scope: AwsScope, leaving: LeavingInstance, which: tuple[ResourceSchema, str]) -> list[Resource]:
    kind, name = which
    if kind is INSTANCE:
        there = named(leaving.known.get(INSTANCE.name, "")) or leaving.adopts or name
        return [Instance(scope, there, groups=name, policy=leaving.policy)]
    if kind is SUBNET_GROUP:
        return [SubnetGroup(scope, name, Lane.DELETE)]
    if kind is PARAMETER_GROUP:
        # one for each major version that the instance ever had
        listed = await parameter_groups(scope, group_name(name, 0).removesuffix("0"))
        known = named(leaving.known.get(PARAMETER_GROUP.name, ""))
        return [ParameterGroup(scope, group, Lane.DELETE) for group in sorted({*listed, known} - {""})]
    return [SecurityGroup(scope, name, known_id=leaving.known.get(SECURITY_GROUP.name, ""), lane=Lane.DELETE)]


def _goes(scope: AwsScope, leaving: LeavingInstance, kind: ResourceSchema) -> Deletion:
    goes = Deletion(leaving.name, scope.owner, leaving.policy, leaving.known.get(kind.name, ""))
    if kind is not INSTANCE:
        return goes
    # also where adopt is taken out of the spec before the deletion
    name = named(goes.known_id) or leaving.adopts
    return replace(goes, adopted=bool(name) and name != instance_name(scope, leaving.name), deletion=leaving.deletion)


def _groups(scope: AwsScope, wanted: WantedInstance, name: str) -> list[tuple[Resource, ResourceSchema, Desired]]:
    """They hold no data: one that is lost is made anew."""
    spec, network, tags = wanted.spec, wanted.network, desired_tags(scope.owner, wanted.tags)
    of_version = group_name(name, int(spec.version))

    def known(kind: ResourceSchema) -> str:
        return wanted.known.get(kind.name, "")

    former = known(PARAMETER_GROUP)
    subnets = {"vpc": network.vpc, "subnets": network.subnets, "tags": tags}
    parameters = parameter_fields(scope.owner, wanted)
    admitted = {
        "vpc": network.vpc,
        "tags": tags,
        "ingress": frozenset({from_group(PORT, network.pods)}),
        "egress": frozenset(),
    }
    return [
        (SubnetGroup(scope, name), SUBNET_GROUP, _stands_on(scope, wanted, subnets, known(SUBNET_GROUP))),
        (
            ParameterGroup(scope, of_version),
            PARAMETER_GROUP,
            _stands_on(scope, wanted, parameters, former if named(former) == of_version else ""),
        ),
        (
            SecurityGroup(scope, name, vpc=network.vpc, known_id=known(SECURITY_GROUP)),
            SECURITY_GROUP,
            _stands_on(scope, wanted, admitted, known(SECURITY_GROUP)),
        ),
    ]


def _stands_on(scope: AwsScope, wanted: WantedInstance, fields: Mapping[str, Any], known_id: str) -> Desired:
    return Desired(wanted.spec.name, scope.owner, fields, known_id, recreate=True, at=wanted.field)


async def _instance(scope: AwsScope, wanted: WantedInstance, groups: list[Outcome]) -> Outcome:
    """One pass over the instance; it is made when all that it stands on is there, and looked after in any case."""
    known_id = wanted.known.get(INSTANCE.name, "")
    awaited = [group.part for group in groups if not group.part.id or group.part.reason is Reason.CONFLICT]
    if awaited and not known_id:
        message = f"database {wanted.spec.name} waits for what it stands on"
        part = Part("AWS", INSTANCE.name, wanted.spec.name, State.PROGRESSING, Reason.DATABASE_CREATING, message)
        return Outcome(replace(part, field=wanted.field))
    name, base = _identifier(scope, wanted), instance_name(scope, wanted.spec.name)
    ids = {group.part.kind: group.part.id for group in groups}
    security_group = ids.get(SECURITY_GROUP.name)
    snapshot = upgrade_snapshot(scope, name, int(wanted.spec.version))
    desired = Desired(
        wanted.spec.name,
        scope.owner,
        {
            **instance_fields(scope.owner, wanted, _declared_identifier(scope, wanted), snapshot),
            "security_groups": frozenset({security_group}) if security_group else None,
            "parameter_group": base if ids.get(PARAMETER_GROUP.name) else None,
        },
        known_id,
        wanted.recreate and not awaited,
        wanted.field,
        wanted.adoption,
        unsaid=unsaid(wanted.spec),
    )
    instance = Instance(scope, name, groups=base, version=int(wanted.spec.version))
    outcome = await reconcile(scope, instance, INSTANCE, desired)
    return replace(outcome, part=_told(scope, name, outcome.part))


def _identifier(scope: AwsScope, wanted: WantedInstance) -> str:
    """What was made, or taken over, is the instance from then on, whatever the spec says."""
    return named(wanted.known.get(INSTANCE.name, "")) or _declared_identifier(scope, wanted)


def _declared_identifier(scope: AwsScope, wanted: WantedInstance) -> str:
    return wanted.spec.adopt.identifier if wanted.spec.adopt else instance_name(scope, wanted.spec.name)


def _told(scope: AwsScope, name: str, part: Part) -> Part:
    """The part of an instance that is as wanted, with what it still waits for."""
    described = scope.clients.lists.last(region(scope), name)
    if part.state is not State.READY or described is None:
        return part
    waiting = ", ".join(sorted(pending(described)))
    window = described["PreferredMaintenanceWindow"]
    if waiting:
        return replace(part, message=f"{waiting} will change in the maintenance window {window}")
    if restart_awaited(described):
        return replace(
            part, message="parameters wait for a restart; set maintenance.apply to Immediately, or reboot it"
        )
    return part


def endpoint(scope: AwsScope, name: str) -> Endpoint | None:
    """Where an instance answers, by its name, as it was seen last."""
    described = scope.clients.lists.last(region(scope), name) or {}
    at, secret = described.get("Endpoint"), described.get("MasterUserSecret")
    if not at or not secret or secret.get("SecretStatus") == "creating":
        return None
    return Endpoint(at["Address"], at["Port"], MasterSecret(secret["SecretArn"], scope))


def answers(part: Part) -> bool:
    """Whether it may be talked to: it is ours and there, whatever becomes of it."""
    return bool(part.id) and part.reason not in (Reason.CONFLICT, Reason.DATABASE_LOST, Reason.DATABASE_DELETING)


def _key(scope: AwsScope, kind: ResourceSchema, wanted: WantedInstance) -> tuple[str, str, str]:
    return scope.owner.identity.uid, kind.name, wanted.spec.name
