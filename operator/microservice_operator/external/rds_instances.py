"""RDS instances as external resources, with their subnet, parameter and security groups.

The database on the instance is a resource of its own (`databases`), which depends on this one.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from datetime import date
from typing import Any

from ..api.parsing import Environment, Microservice
from ..aws.engine.arns import name_in_arn
from ..aws.rds.fields import INSTANCE as INSTANCES
from ..aws.rds.fields import KINDS
from ..aws.rds.instances import answers, delete_instance, reconcile_instance
from ..aws.rds.support import STANDARD_SUPPORT_ENDS
from ..errors import Problem
from ..facts import Part, Section
from .adoption import DATABASES, adoption, deletion, with_adoption
from .desired import desired_instance, of_rds
from .resource import Declaration, DeleteInput, ExternalResource, ReconcileInput, StepResult
from .restores import instance_restore

INSTANCE = INSTANCES.name


def support_notices(service: Microservice, environment: Environment | None, today: date) -> Iterator[Problem]:
    """Yield a notice for each declared instance of a version whose standard support has ended before `today`."""
    for index, database in enumerate(service.spec.databases or [] if of_rds(environment) else []):
        ended = STANDARD_SUPPORT_ENDS.get(int(database.version), today)
        if ended < today:
            message = (
                f"RDS ended the standard support of PostgreSQL {database.version} on {ended.isoformat()}: it charges "
                "for instances in Extended Support and creates no others; raise the version"
            )
            yield Problem(f"spec.databases[{index}].version", message)


class RDSInstances(ExternalResource):
    """Instances for the databases of `spec.databases`, where the Environment's provider is `rds`."""

    kind = INSTANCE
    section = Section.DATABASES
    companion_kinds = tuple(kind.name for kind in KINDS if kind is not INSTANCES)

    def declarations(self, spec: Mapping[str, Any], environment: Environment | None) -> Iterable[Declaration]:
        return with_adoption(spec, DATABASES, "identifier") if of_rds(environment) else ()

    async def reconcile(self, declared: ReconcileInput) -> StepResult:
        scope = self._clients.scope(declared.service.identity, declared.environment, "instances")
        instance = desired_instance(declared.service, declared.environment, declared.name)
        adopt = instance.spec.adopt
        instance = replace(
            instance,
            known=declared.known,
            recreate=declared.recreate,
            adoption=adoption(declared, DATABASES, adopt.identifier) if adopt else None,
            restore=instance_restore(declared, instance.spec),
        )
        parts, _ = await reconcile_instance(scope, instance)
        return StepResult(parts)

    async def delete(self, target: DeleteInput) -> tuple[Part, ...]:
        scope = self._clients.scope(target.owner, target.environment, "instances")
        removal = target.removal
        consent = deletion(target, DATABASES, name_in_arn(removal.id_of(INSTANCE)) or removal.adopts)
        return await delete_instance(scope, replace(removal, consent=consent))

    def usable(self, part: Part) -> bool:
        """An instance can be used once it answers, also while it is being changed."""
        return answers(part)
