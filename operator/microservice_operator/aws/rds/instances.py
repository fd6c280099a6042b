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
from ..engine.decide import Adoption, Desired, Leaving
from ..engine.fields import Kind
from ..engine.reconcile import Outcome, Resource, at_home, reconcile, remove
from ..engine.report import failed
from ..engine.scope import Place
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


def instance_name(place: Place, database: str) -> str:
    """Name in AWS of the instance of a declared database, if it is made, and of what it stands on.

    "CreateDBInstance": letters, digits and single hyphens, a letter first, which a namespace need not begin with.
    """
    return re.sub("-+", "-", _PREFIX + place.owner.name(database, _NAME_LIMIT - len(_PREFIX)))


def named(arn: str) -> str:
    """Name of an instance in its ARN: `arn:aws:rds:REGION:ACCOUNT:db:NAME`."""
    return arn.rpartition(":")[2]


async def reconcile_instance(place: Place, wanted: WantedInstance) -> tuple[tuple[Part, ...], Endpoint | None]:
    """Take at most one step for each resource of a declared database; where it answers, once it does.

    Never raises an OperatorError: what went wrong is in the parts.
    """
    elsewhere = _elsewhere(place, wanted)
    if elsewhere:
        return elsewhere, None
    name, base = _identifier(place, wanted), instance_name(place, wanted.spec.name)
    sight = replace(wanted, known={})
    standing_on = [] if wanted.awaits_adoption else _groups(place, wanted, base)
    groups = await side_by_side(_settled_or_looked_at(place, group, sight) for group in standing_on)
    at = endpoint(place, name)
    recalled = place.settled.recall(_key(place, INSTANCE, wanted), (sight, unsaid(wanted.spec)))
    if recalled and at and all(group.settled for group in groups):
        return (recalled, *(group.part for group in groups)), at
    instance = await _instance(place, wanted, groups)
    if instance.settled:
        place.settled.keep(_key(place, INSTANCE, wanted), (sight, unsaid(wanted.spec)), instance.part)
    part = place.settled.news(_key(place, INSTANCE, wanted), instance.part)
    return (part, *(group.part for group in groups)), endpoint(place, name) if answers(part) else None


def _elsewhere(place: Place, wanted: WantedInstance) -> tuple[Part, ...]:
    """Parts of a database whose instance is in another account or region: none is touched, and no id forgotten."""
    for kind in KINDS:
        try:
            at_home(place, kind, Leaving(wanted.spec.name, place.owner, "Retain", wanted.known.get(kind.name, "")))
        except OperatorError as error:
            parts = (
                Part("AWS", kind.name, wanted.spec.name, State.UNKNOWN, id=id_, field=wanted.field)
                for kind, id_ in ((kind, wanted.known.get(kind.name, "")) for kind in KINDS)
            )
            return tuple(failed(part, error) for part in parts)
    return ()


async def _settled_or_looked_at(place: Place, group: tuple[Resource, Kind, Desired], sight: WantedInstance) -> Outcome:
    """A group that was as wanted a moment ago is not asked for at every look at an instance that takes minutes."""
    key = _key(place, group[1], sight)
    recalled = place.settled.recall(key, sight)
    if recalled:
        return Outcome(recalled, settled=True)
    outcome = await reconcile(place, *group)
    if outcome.settled:
        place.settled.keep(key, sight, outcome.part)
    return replace(outcome, part=place.settled.news(key, outcome.part))


async def delete_instance(place: Place, leaving: LeavingInstance) -> tuple[Part, ...]:
    """Take a step for what goes: the instance first, then what it stood on, one after the other.

    It is over when the state of every part is Ready (gone) or Retained (left in place, also when it was never ours).
    """
    for kind in KINDS:
        place.settled.drop((place.owner.identity.uid, kind.name, leaving.name))
    name = instance_name(place, leaving.name)
    parts: list[Part] = []
    for kind in KINDS:
        try:
            resources = await _leaving(place, leaving, (kind, name))
        except OperatorError as error:
            part = Part("AWS", kind.name, leaving.name, State.DELETING, Reason.DATABASE_DELETING)
            return (*parts, failed(part, error))
        parts += [await remove(place, resource, kind, _goes(place, leaving, kind)) for resource in resources]
        stays = kind is INSTANCE and parts[0].state is State.RETAINED
        # one that status knows and that is another's by its marks stands on them, too
        if stays and (parts[0].reason is not Reason.CONFLICT or leaving.known.get(INSTANCE.name)):
            leaving = replace(leaving, policy="Retain")
        if leaving.policy != "Retain" and any(part.state not in _OVER for part in parts):
            break
    return tuple(parts)


async def _leaving(place: Place, leaving: LeavingInstance, which: tuple[Kind, str]) -> list[Resource]:
    kind, name = which
    if kind is INSTANCE:
        there = named(leaving.known.get(INSTANCE.name, "")) or leaving.adopts or name
        return [Instance(place, there, groups=name, policy=leaving.policy)]
    if kind is SUBNET_GROUP:
        return [SubnetGroup(place, name, Lane.DELETE)]
    if kind is PARAMETER_GROUP:
        # one for each major version that the instance ever had
        listed = await parameter_groups(place, group_name(name, 0).removesuffix("0"))
        known = named(leaving.known.get(PARAMETER_GROUP.name, ""))
        return [ParameterGroup(place, group, Lane.DELETE) for group in sorted({*listed, known} - {""})]
    return [SecurityGroup(place, name, known_id=leaving.known.get(SECURITY_GROUP.name, ""), lane=Lane.DELETE)]


def _goes(place: Place, leaving: LeavingInstance, kind: Kind) -> Leaving:
    goes = Leaving(leaving.name, place.owner, leaving.policy, leaving.known.get(kind.name, ""))
    if kind is not INSTANCE:
        return goes
    # also where adopt is taken out of the spec before the deletion
    name = named(goes.known_id) or leaving.adopts
    return replace(goes, adopted=bool(name) and name != instance_name(place, leaving.name), deletion=leaving.deletion)


def _groups(place: Place, wanted: WantedInstance, name: str) -> list[tuple[Resource, Kind, Desired]]:
    """They hold no data: one that is lost is made anew."""
    spec, network, tags = wanted.spec, wanted.network, desired_tags(place.owner, wanted.tags)
    of_version = group_name(name, int(spec.version))

    def known(kind: Kind) -> str:
        return wanted.known.get(kind.name, "")

    former = known(PARAMETER_GROUP)
    subnets = {"vpc": network.vpc, "subnets": network.subnets, "tags": tags}
    parameters = parameter_fields(place.owner, wanted)
    admitted = {
        "vpc": network.vpc,
        "tags": tags,
        "ingress": frozenset({from_group(PORT, network.pods)}),
        "egress": frozenset(),
    }
    return [
        (SubnetGroup(place, name), SUBNET_GROUP, _stands_on(place, wanted, subnets, known(SUBNET_GROUP))),
        (
            ParameterGroup(place, of_version),
            PARAMETER_GROUP,
            _stands_on(place, wanted, parameters, former if named(former) == of_version else ""),
        ),
        (
            SecurityGroup(place, name, vpc=network.vpc, known_id=known(SECURITY_GROUP)),
            SECURITY_GROUP,
            _stands_on(place, wanted, admitted, known(SECURITY_GROUP)),
        ),
    ]


def _stands_on(place: Place, wanted: WantedInstance, fields: Mapping[str, Any], known_id: str) -> Desired:
    return Desired(wanted.spec.name, place.owner, fields, known_id, recreate=True, at=wanted.field)


async def _instance(place: Place, wanted: WantedInstance, groups: list[Outcome]) -> Outcome:
    """One pass over the instance; it is made when all that it stands on is there, and looked after in any case."""
    known_id = wanted.known.get(INSTANCE.name, "")
    awaited = [group.part for group in groups if not group.part.id or group.part.reason is Reason.CONFLICT]
    if awaited and not known_id:
        message = f"database {wanted.spec.name} waits for what it stands on"
        part = Part("AWS", INSTANCE.name, wanted.spec.name, State.PROGRESSING, Reason.DATABASE_CREATING, message)
        return Outcome(replace(part, field=wanted.field))
    name, base = _identifier(place, wanted), instance_name(place, wanted.spec.name)
    ids = {group.part.kind: group.part.id for group in groups}
    security_group = ids.get(SECURITY_GROUP.name)
    snapshot = upgrade_snapshot(place, name, int(wanted.spec.version))
    desired = Desired(
        wanted.spec.name,
        place.owner,
        {
            **instance_fields(place.owner, wanted, _declared_identifier(place, wanted), snapshot),
            "security_groups": frozenset({security_group}) if security_group else None,
            "parameter_group": base if ids.get(PARAMETER_GROUP.name) else None,
        },
        known_id,
        wanted.recreate and not awaited,
        wanted.field,
        wanted.adoption,
        unsaid=unsaid(wanted.spec),
    )
    instance = Instance(place, name, groups=base, version=int(wanted.spec.version))
    outcome = await reconcile(place, instance, INSTANCE, desired)
    return replace(outcome, part=_told(place, name, outcome.part))


def _identifier(place: Place, wanted: WantedInstance) -> str:
    """What was made, or taken over, is the instance from then on, whatever the spec says."""
    return named(wanted.known.get(INSTANCE.name, "")) or _declared_identifier(place, wanted)


def _declared_identifier(place: Place, wanted: WantedInstance) -> str:
    return wanted.spec.adopt.identifier if wanted.spec.adopt else instance_name(place, wanted.spec.name)


def _told(place: Place, name: str, part: Part) -> Part:
    """The part of an instance that is as wanted, with what it still waits for."""
    described = place.clients.lists.last(region(place), name)
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


def endpoint(place: Place, name: str) -> Endpoint | None:
    """Where an instance answers, by its name, as it was seen last."""
    described = place.clients.lists.last(region(place), name) or {}
    at, secret = described.get("Endpoint"), described.get("MasterUserSecret")
    if not at or not secret or secret.get("SecretStatus") == "creating":
        return None
    return Endpoint(at["Address"], at["Port"], MasterSecret(secret["SecretArn"], place))


def answers(part: Part) -> bool:
    """Whether it may be talked to: it is ours and there, whatever becomes of it."""
    return bool(part.id) and part.reason not in (Reason.CONFLICT, Reason.DATABASE_LOST, Reason.DATABASE_DELETING)


def _key(place: Place, kind: Kind, wanted: WantedInstance) -> tuple[str, str, str]:
    return place.owner.identity.uid, kind.name, wanted.spec.name
