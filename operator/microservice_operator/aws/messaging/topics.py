"""Reconciles and deletes the SNS topics of a Microservice."""

from ...facts import Part
from ...resources import Removal
from ..engine.call import Lane
from ..engine.decide import Desired
from ..engine.reconcile_cached import reconcile_cached, remove_uncached
from ..engine.scope import AwsScope
from .desired import DesiredTopic, topic_fields
from .fields import TOPIC
from .names import candidates, topic_arns
from .topic_adapter import SNSTopic


async def reconcile_topic(scope: AwsScope, topic: DesiredTopic) -> Part:
    """Take at most one step towards a declared topic."""
    spec, known_id = topic.spec, topic.id_of(TOPIC.name)
    arns = topic_arns(scope, spec.name, fifo=spec.fifo)
    fields = topic_fields(scope.owner, topic, arns[0])
    desired = Desired(spec.name, scope.owner, fields, known_id, recreate=True, at=topic.field)
    outcome = await reconcile_cached(scope, SNSTopic(scope, candidates(arns, known_id)), TOPIC, desired)
    return outcome.part


async def delete_topic(scope: AwsScope, removal: Removal) -> Part:
    """Take at most one step to delete or retain a topic, by its policy."""
    known_id = removal.id_of(TOPIC.name)
    arns = (known_id,) if known_id else topic_arns(scope, removal.name)
    return await remove_uncached(scope, SNSTopic(scope, arns, Lane.DELETE), TOPIC, removal)
