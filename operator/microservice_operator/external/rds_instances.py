"""Instances of RDS, as an entry of the registry: the server of a declared database, and the groups it stands on.

What is on the instance is the entry of `databases`, which needs this one.
"""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from functools import partial
from typing import Any

from ..api.parsing import Environment
from ..aws.rds.fields import INSTANCE as INSTANCES
from ..aws.rds.fields import KINDS
from ..aws.rds.instances import LeavingInstance, answers, delete_instance, named, reconcile_instance
from ..facts import Part, Section
from .adoption import DATABASES, adoption, deletion, with_adoption
from .clients import Doors
from .desired import of_rds, wanted_instance
from .resource_type import Declared, Going, Sort, Stepped, Wanted

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
        usable=answers,
    )


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
    parts, _ = await reconcile_instance(place, instance)
    return Stepped(parts)


async def _leave(doors: Doors, going: Going) -> tuple[Part, ...]:
    place = doors.place(going.owner, going.environment, "instances")
    may_go = deletion(going, DATABASES, named(going.known.get(INSTANCE, "")) or going.adopts)
    leaving = LeavingInstance(going.name, going.policy, going.known, going.adopts, may_go)
    return await delete_instance(place, leaving)
