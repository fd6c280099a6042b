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
from .clients import ExternalClients
from .desired import of_rds, wanted_instance
from .resource_type import Declaration, DeleteInput, ReconcileInput, ResourceType, StepResult

INSTANCE = INSTANCES.name


def instances(external: ExternalClients) -> ResourceType:
    """Instances through these doors."""
    return ResourceType(
        kind=INSTANCE,
        layer="AWS",
        section=Section.DATABASES,
        declarations=_declared,
        reconcile=partial(_step, external),
        delete=partial(_leave, external),
        beside=tuple(kind.name for kind in KINDS if kind is not INSTANCES),
        usable=answers,
    )


def _declared(spec: Mapping[str, Any], environment: Environment | None) -> Iterable[Declaration]:
    return with_adoption(spec, DATABASES, "identifier") if of_rds(environment) else ()


async def _step(external: ExternalClients, wanted: ReconcileInput) -> StepResult:
    scope = external.scope(wanted.service.identity, wanted.environment, "instances")
    instance = wanted_instance(wanted.service, wanted.environment, wanted.name)
    adopt = instance.spec.adopt
    instance = replace(
        instance,
        known=wanted.known,
        recreate=wanted.recreate,
        adoption=adoption(wanted, DATABASES, adopt.identifier) if adopt else None,
    )
    parts, _ = await reconcile_instance(scope, instance)
    return StepResult(parts)


async def _leave(external: ExternalClients, target: DeleteInput) -> tuple[Part, ...]:
    scope = external.scope(target.owner, target.environment, "instances")
    may_go = deletion(target, DATABASES, named(target.known.get(INSTANCE, "")) or target.adopts)
    leaving = LeavingInstance(target.name, target.policy, target.known, target.adopts, may_go)
    return await delete_instance(scope, leaving)
