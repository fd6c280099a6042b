"""Reconciles and deletes the SQS queues of a Microservice and their dead letter queues."""

from collections.abc import Mapping
from typing import Any

from ...facts import Part
from ...resources import Removal
from ..engine.arns import name_in_arn
from ..engine.call import Lane
from ..engine.decide import Desired
from ..engine.fields import ResourceSchema
from ..engine.reconcile_cached import reconcile_cached, remove_uncached
from ..engine.scope import AwsScope
from .desired import DesiredQueue, dead_letter_queue_fields, queue_fields
from .fields import DEAD_LETTER_QUEUE, QUEUE
from .names import candidates, dead_letter, queue_arns
from .queue_adapter import SQSQueue


async def reconcile_queue(scope: AwsScope, queue: DesiredQueue) -> Part:
    """Take at most one step towards a declared queue."""
    spec = queue.spec
    arns = queue_arns(scope, spec.name, fifo=spec.fifo)
    dead = queue_arns(scope, dead_letter(spec.name), fifo=spec.fifo)[0]
    return await _reconcile(scope, queue, (QUEUE, arns), queue_fields(scope.owner, queue, arns[0], dead))


async def reconcile_dead_letter_queue(scope: AwsScope, queue: DesiredQueue) -> Part:
    """Take at most one step towards the dead letter queue of a declared queue."""
    arns = queue_arns(scope, dead_letter(queue.spec.name), fifo=queue.spec.fifo)
    return await _reconcile(
        scope, queue, (DEAD_LETTER_QUEUE, arns), dead_letter_queue_fields(scope.owner, queue, arns[0])
    )


async def delete_queue(scope: AwsScope, kind: ResourceSchema, removal: Removal) -> Part:
    """Take at most one step to delete or retain a queue or a dead letter queue, by its policy."""
    part = removal.name if kind is QUEUE else dead_letter(removal.name)
    known_id = removal.id_of(kind.name)
    arns = (known_id,) if known_id else queue_arns(scope, part)
    return await remove_uncached(
        scope, SQSQueue(scope, tuple(name_in_arn(arn) for arn in arns), Lane.DELETE), kind, removal
    )


async def _reconcile(
    scope: AwsScope, queue: DesiredQueue, which: tuple[ResourceSchema, tuple[str, str]], fields: Mapping[str, Any]
) -> Part:
    kind, arns = which
    known_id = queue.id_of(kind.name)
    resource = SQSQueue(scope, tuple(name_in_arn(arn) for arn in candidates(arns, known_id)))
    desired = Desired(queue.spec.name, scope.owner, fields, known_id, recreate=True, at=queue.field)
    return (await reconcile_cached(scope, resource, kind, desired)).part
