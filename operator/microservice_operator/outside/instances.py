"""Instances of RDS, as an entry of the registry: the server of a declared database, and the groups it stands on.

What is on the instance is the entry of `databases`, which needs this one.
"""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from functools import partial
from typing import Any

from ..api.environment import RDS
from ..api.objects import Environment, Microservice
from ..cloud import rds
from ..cloud.rds_kinds import INSTANCE as INSTANCES
from ..cloud.rds_kinds import KINDS
from ..cloud.rds_wanted import Network, WantedInstance, unsaid
from ..errors import NeedsPerson
from ..facts import Part, Reason, Section
from .adoption import DATABASES, adoption, deletion, with_adoption
from .doors import Doors
from .sorts import Declared, Going, Sort, Stepped, Wanted, tags

INSTANCE = INSTANCES.name


def instances(doors: Doors) -> Sort:
    """Instances through these doors."""
    return Sort(
        kind=INSTANCE,
        layer="AWS",
        section=Section.DATABASES,
        declared=_declared,
        step=partial(_step, doors),
        leave=partial(_leave, doors),
        beside=tuple(kind.name for kind in KINDS if kind is not INSTANCES),
        usable=rds.answers,
    )


def of_rds(environment: Environment | None) -> RDS | None:
    """What an Environment says of instances, if its databases are such."""
    databases = environment.spec.databases if environment else None
    return databases.rds if databases else None


def _declared(spec: Mapping[str, Any], environment: Environment | None) -> Iterable[Declared]:
    return with_adoption(spec, DATABASES, "identifier") if of_rds(environment) else ()


async def _step(doors: Doors, wanted: Wanted) -> Stepped:
    place = doors.place(wanted.service.identity, wanted.environment, "instances")
    instance = wanted_instance(wanted.service, wanted.environment, wanted.name)
    adopt = instance.spec.adopt
    instance = replace(
        instance,
        known=wanted.known,
        recreate=wanted.recreate,
        adoption=adoption(wanted, DATABASES, adopt.identifier) if adopt else None,
    )
    parts, _ = await rds.reconcile_instance(place, instance)
    return Stepped(parts)


def wanted_instance(service: Microservice, environment: Environment | None, name: str) -> WantedInstance:
    """A declared database as its Environment makes it.

    Raises NeedsPerson where the Environment does not say what the spec asks for.
    """
    at, spec = next((at, d) for at, d in enumerate(service.spec.databases or []) if d.name == name)
    field = f"spec.databases[{at}]"
    found, aws = of_rds(environment), environment.spec.aws if environment else None
    if found is None or aws is None:
        raise NeedsPerson(Reason.ENVIRONMENT_MISSING, "instances need an Environment with spec.databases.rds; add it")
    if spec.size not in found.sizes and "class" not in unsaid(spec):
        known = ", ".join(sorted(found.sizes))
        message = f"size {spec.size} of database {spec.name} is none that the Environment has; use one of: {known}"
        raise NeedsPerson(Reason.REJECTED, message, f"{field}.size")
    network = Network(aws.vpc_id or "", frozenset(aws.subnet_ids or ()), aws.pod_security_group_id or "")
    # one that is taken over has a class already; another matters only if it is lost and made anew
    instance_class = found.sizes.get(spec.size) or next(iter(found.sizes.values()), "")
    return WantedInstance(spec, network, instance_class, tags(service, environment), field=field)


async def _leave(doors: Doors, going: Going) -> tuple[Part, ...]:
    place = doors.place(going.owner, going.environment, "instances")
    may_go = deletion(going, DATABASES, rds.named(going.known.get(INSTANCE, "")) or going.adopts)
    leaving = rds.LeavingInstance(going.name, going.policy, going.known, going.adopts, may_go)
    return await rds.delete_instance(place, leaving)
