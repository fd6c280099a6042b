"""RDS instances as external resources, with their subnet, parameter and security groups.

The database on the instance is a resource of its own (`databases`), which depends on this one.
"""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any

from ..api.parsing import Environment
from ..aws.engine.arns import name_in_arn
from ..aws.rds.fields import INSTANCE as INSTANCES
from ..aws.rds.fields import KINDS
from ..aws.rds.instances import LeavingInstance, answers, delete_instance, reconcile_instance
from ..facts import Part, Section
from .adoption import DATABASES, adoption, deletion, with_adoption
from .desired import of_rds, wanted_instance
from .resource import Declaration, DeleteInput, ExternalResource, ReconcileInput, StepResult

INSTANCE = INSTANCES.name


class RDSInstances(ExternalResource):
    """Instances for the databases of `spec.databases`, where the Environment's provider is `rds`."""

    kind = INSTANCE
    section = Section.DATABASES
    companion_kinds = tuple(kind.name for kind in KINDS if kind is not INSTANCES)

    def declarations(self, spec: Mapping[str, Any], environment: Environment | None) -> Iterable[Declaration]:
        return with_adoption(spec, DATABASES, "identifier") if of_rds(environment) else ()

    async def reconcile(self, wanted: ReconcileInput) -> StepResult:
        scope = self._clients.scope(wanted.service.identity, wanted.environment, "instances")
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

    async def delete(self, target: DeleteInput) -> tuple[Part, ...]:
        scope = self._clients.scope(target.owner, target.environment, "instances")
        consent = deletion(target, DATABASES, name_in_arn(target.known.get(INSTANCE, "")) or target.adopts)
        leaving = LeavingInstance(target.name, target.policy, target.known, target.adopts, consent)
        return await delete_instance(scope, leaving)

    def usable(self, part: Part) -> bool:
        """An instance can be used once it answers, also while it is being changed."""
        return answers(part)
