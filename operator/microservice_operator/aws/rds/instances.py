"""Reconciles and deletes databases of provider `rds`: an instance for each, and its three groups.

The groups are created first, concurrently; the instance is created after them and deleted before them. The package
`postgres` manages the databases, roles and rights on the instance, as on any other server.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from ...concurrency import side_by_side
from ...errors import OperatorError
from ...facts import Part, Reason, State
from ...resources import Removal
from ...resync_cache import Outcome
from ..engine.arns import name_in_arn
from ..engine.call import Lane
from ..engine.decide import Desired
from ..engine.fields import ResourceSchema
from ..engine.reconcile import Resource, at_home, reconcile, remove
from ..engine.reconcile_cached import reconcile_cached
from ..engine.report import failed, with_source
from ..engine.scope import AwsScope
from ..engine.tags import desired_tags
from .admin_secret import MasterSecret
from .desired import PORT, DesiredInstance, instance_fields, parameter_fields, unsaid
from .fields import INSTANCE, KINDS, PARAMETER_GROUP, SECURITY_GROUP, SUBNET_GROUP
from .group_adapters import ParameterGroup, SubnetGroup, parameter_groups
from .instance_adapter import Instance, region, upgrade_snapshot
from .responses import group_name, pending, restart_awaited
from .restore import InstanceRestore
from .restore_source import describe_source
from .security_group_adapter import SecurityGroup, from_group

INSTANCE_KINDS = frozenset(kind.name for kind in KINDS)
_PREFIX = "ms-"
_NAME_LIMIT = 63


@dataclass(frozen=True)
class Endpoint:
    """Host and port of an instance, and the secret with its admin login."""

    host: str
    port: int
    admin: MasterSecret


def instance_name(scope: AwsScope, database: str) -> str:
    """Return the name in AWS of a created instance and of its groups.

    "CreateDBInstance": letters, digits and single hyphens, a letter first; a namespace may begin with a digit.
    """
    return re.sub("-+", "-", _PREFIX + scope.owner.name(database, _NAME_LIMIT - len(_PREFIX)))


async def reconcile_instance(scope: AwsScope, desired: DesiredInstance) -> tuple[tuple[Part, ...], Endpoint | None]:
    """Take at most one step for each resource of a declared database; return the parts and the endpoint, if any.

    Never raises an OperatorError: the parts contain the error.
    """
    elsewhere = _elsewhere(scope, desired)
    if elsewhere:
        return elsewhere, None
    name, base = _identifier(scope, desired), instance_name(scope, desired.spec.name)
    cached_state = replace(desired, known={})
    declared_groups = [] if desired.awaits_adoption else _groups(scope, desired, base)
    # an instance needs minutes, and its groups are read only once
    groups = await side_by_side(reconcile_cached(scope, *group, cached_state) for group in declared_groups)
    instance = await scope.resync_cache.reconcile(
        (scope.owner.identity.uid, INSTANCE.name, desired.spec.name),
        (scope.place, cached_state, unsaid(desired.spec)),
        lambda: _instance(scope, desired, groups),
        use_cached=endpoint(scope, name) is not None and all(group.up_to_date for group in groups),
    )
    parts = (instance.part, *(group.part for group in groups))
    return parts, endpoint(scope, name) if answers(instance.part) else None


def _elsewhere(scope: AwsScope, desired: DesiredInstance) -> tuple[Part, ...]:
    """Return the parts of a database that is in another account or region: nothing changes, and all ids stay."""
    for kind in KINDS:
        try:
            at_home(scope, kind, desired.spec.name, desired.id_of(kind.name))
        except OperatorError as error:
            part = Part("AWS", "", desired.spec.name, State.UNKNOWN, field=desired.field)
            parts = (replace(part, kind=kind.name, id=desired.id_of(kind.name)) for kind in KINDS)
            return tuple(failed(part, error) for part in parts)
    return ()


async def delete_instance(scope: AwsScope, removal: Removal) -> tuple[Part, ...]:
    """Take a step to delete or retain a database: the instance first, then its groups in order.

    It is done when the state of every part is Ready (gone) or Retained (it stays, also if it was never ours).
    """
    for kind in KINDS:
        scope.resync_cache.invalidate((scope.owner.identity.uid, kind.name, removal.name))
    name = instance_name(scope, removal.name)
    parts: list[Part] = []
    for kind in KINDS:
        try:
            resources = await _resources(scope, removal, (kind, name))
        except OperatorError as error:
            part = Part("AWS", kind.name, removal.name, State.DELETING, Reason.DATABASE_DELETING)
            return (*parts, failed(part, error))
        parts += [await remove(scope, resource, kind, _removal_of(scope, removal, kind)) for resource in resources]
        stays = kind is INSTANCE and parts[0].state is State.RETAINED
        # a known instance that has another owner's tags still uses the groups
        if stays and (parts[0].reason is not Reason.CONFLICT or removal.id_of(INSTANCE.name)):
            removal = replace(removal, policy="Retain")
        if removal.policy != "Retain" and not all(part.is_over for part in parts):
            break
    return tuple(parts)


async def _resources(scope: AwsScope, removal: Removal, which: tuple[ResourceSchema, str]) -> list[Resource]:
    kind, name = which
    if kind is INSTANCE:
        there = name_in_arn(removal.id_of(INSTANCE.name)) or removal.adopts or name
        return [Instance(scope, there, groups=name, policy=removal.policy)]
    if kind is SUBNET_GROUP:
        return [SubnetGroup(scope, name, Lane.DELETE)]
    if kind is PARAMETER_GROUP:
        # one group for each major version that the instance ever had
        listed = await parameter_groups(scope, group_name(name, 0).removesuffix("0"))
        remembered = name_in_arn(removal.id_of(PARAMETER_GROUP.name))
        return [ParameterGroup(scope, group, Lane.DELETE) for group in sorted({*listed, remembered} - {""})]
    return [SecurityGroup(scope, name, known_id=removal.id_of(SECURITY_GROUP.name), lane=Lane.DELETE)]


def _removal_of(scope: AwsScope, removal: Removal, kind: ResourceSchema) -> Removal:
    if kind is not INSTANCE:
        return replace(removal, adopts="", consent=None)
    # also if `adopt` was removed from the spec before the deletion
    name = name_in_arn(removal.id_of(INSTANCE.name)) or removal.adopts
    return replace(removal, adopts="" if name == instance_name(scope, removal.name) else name)


def _groups(scope: AwsScope, desired: DesiredInstance, name: str) -> list[tuple[Resource, ResourceSchema, Desired]]:
    """Return the three groups; they hold no data, so a lost one is created again."""
    spec, network, tags = desired.spec, desired.network, desired_tags(scope.owner, desired.tags)
    of_version = group_name(name, int(spec.version))

    former = desired.id_of(PARAMETER_GROUP.name)
    subnets = {"vpc": network.vpc, "subnets": network.subnets, "tags": tags}
    parameters = parameter_fields(scope.owner, desired)
    access = {
        "vpc": network.vpc,
        "tags": tags,
        "ingress": frozenset({from_group(PORT, network.pods)}),
        "egress": frozenset(),
    }
    return [
        (
            SubnetGroup(scope, name),
            SUBNET_GROUP,
            _desired_group(scope, desired, subnets, desired.id_of(SUBNET_GROUP.name)),
        ),
        (
            ParameterGroup(scope, of_version),
            PARAMETER_GROUP,
            _desired_group(scope, desired, parameters, former if name_in_arn(former) == of_version else ""),
        ),
        (
            SecurityGroup(scope, name, vpc=network.vpc, peer=network.pods, known_id=desired.id_of(SECURITY_GROUP.name)),
            SECURITY_GROUP,
            _desired_group(scope, desired, access, desired.id_of(SECURITY_GROUP.name)),
        ),
    ]


def _desired_group(scope: AwsScope, desired: DesiredInstance, fields: Mapping[str, Any], known_id: str) -> Desired:
    return Desired(desired.spec.name, scope.owner, fields, known_id, recreate=True, at=desired.field)


async def _instance(scope: AwsScope, desired: DesiredInstance, groups: list[Outcome]) -> Outcome:
    """Reconcile the instance: create it after its groups exist; reconcile an existing one in any case."""
    known_id = desired.id_of(INSTANCE.name)
    awaited = [group.part for group in groups if not group.part.id or group.part.reason is Reason.CONFLICT]
    if awaited and not known_id:
        message = f"database {desired.spec.name} is waiting for its subnet, parameter and security groups"
        part = Part("AWS", INSTANCE.name, desired.spec.name, State.PROGRESSING, Reason.DATABASE_CREATING, message)
        return Outcome(replace(part, field=desired.field))
    name, base = _identifier(scope, desired), instance_name(scope, desired.spec.name)
    ids = {group.part.kind: group.part.id for group in groups}
    security_group = ids.get(SECURITY_GROUP.name)
    snapshot = upgrade_snapshot(scope, name, int(desired.spec.version))
    state = Desired(
        desired.spec.name,
        scope.owner,
        {
            **instance_fields(scope.owner, desired, _declared_identifier(scope, desired), snapshot),
            "security_groups": frozenset({security_group}) if security_group else None,
            "parameter_group": base if ids.get(PARAMETER_GROUP.name) else None,
        },
        known_id,
        desired.recreate and not awaited,
        desired.field,
        desired.adoption,
        unsaid=unsaid(desired.spec),
        source=describe_source(desired.spec.restore_from) if desired.spec.restore_from else "",
    )
    restore = InstanceRestore(scope, desired) if desired.spec.restore_from else None
    instance = Instance(scope, name, groups=base, version=int(desired.spec.version), restore=restore)
    outcome = await reconcile(scope, instance, INSTANCE, state)
    part = _with_kept_key(scope, name, _with_pending_changes(scope, name, outcome.part), desired.key)
    return replace(outcome, part=with_source(part, INSTANCE, state.source))


def _identifier(scope: AwsScope, desired: DesiredInstance) -> str:
    """Return the instance's name: a created or adopted instance keeps it, whatever the spec says later."""
    return name_in_arn(desired.id_of(INSTANCE.name)) or _declared_identifier(scope, desired)


def _declared_identifier(scope: AwsScope, desired: DesiredInstance) -> str:
    return desired.spec.adopt.identifier if desired.spec.adopt else instance_name(scope, desired.spec.name)


def _with_pending_changes(scope: AwsScope, name: str, part: Part) -> Part:
    """Add the pending changes to the message of an up-to-date instance."""
    described = scope.clients.lists.last(region(scope), name)
    if part.state is not State.READY or described is None:
        return part
    waiting = ", ".join(sorted(pending(described)))
    window = described["PreferredMaintenanceWindow"]
    if waiting:
        return replace(part, message=f"{waiting} will change in the maintenance window {window}")
    if restart_awaited(described):
        return replace(
            part, message="parameters wait for a restart; set maintenance.apply to Immediately, or reboot the instance"
        )
    return part


def _with_kept_key(scope: AwsScope, name: str, part: Part, key: str) -> Part:
    """Say that an up-to-date instance keeps another key than `key`, because RDS cannot change it."""
    described = scope.clients.lists.last(region(scope), name)
    if part.state is not State.READY or not key or described is None or described.get("KmsKeyId") == key:
        return part
    kept = f"it keeps its KMS key {described.get('KmsKeyId')}, because aws.databaseKeyARN applies to new instances only"
    return replace(part, message=f"{part.message}; {kept}" if part.message else kept)


def endpoint(scope: AwsScope, name: str) -> Endpoint | None:
    """Return host, port and secret of an instance from the last list, or None until it has them."""
    described = scope.clients.lists.last(region(scope), name) or {}
    address, secret = described.get("Endpoint"), described.get("MasterUserSecret")
    if not address or not secret or secret.get("SecretStatus") == "creating":
        return None
    return Endpoint(address["Address"], address["Port"], MasterSecret(secret["SecretArn"], scope))


def answers(part: Part) -> bool:
    """Whether the operator may connect: the instance is ours and exists, even while it changes."""
    not_there = (Reason.CONFLICT, Reason.DATABASE_LOST, Reason.DATABASE_DELETING, Reason.RESTORE_REFUSED)
    return bool(part.id) and part.reason not in not_there
