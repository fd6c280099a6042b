"""Reconciles and deletes the SNS topics of a Microservice."""

from ...facts import Part
from ..engine.call import Lane
from ..engine.decide import Deletion, Desired
from ..engine.reconcile_cached import reconcile_cached, remove_uncached
from ..engine.scope import AwsScope
from .desired import WantedTopic, topic_fields
from .fields import TOPIC
from .names import candidates, topic_arns
from .topic_adapter import SNSTopic


async def reconcile_topic(scope: AwsScope, wanted: WantedTopic) -> Part:
    """Take at most one step towards a declared topic."""
    spec = wanted.spec
    arns = topic_arns(scope, spec.name, fifo=spec.fifo)
    fields = topic_fields(scope.owner, wanted, arns[0])
    desired = Desired(spec.name, scope.owner, fields, wanted.known_id, recreate=True, at=wanted.field)
    return await reconcile_cached(scope, SNSTopic(scope, candidates(arns, wanted.known_id)), TOPIC, desired)


async def delete_topic(scope: AwsScope, leaving: Deletion) -> Part:
    """Take at most one step to delete or retain a topic, by its policy."""
    arns = (leaving.known_id,) if leaving.known_id else topic_arns(scope, leaving.name)
    return await remove_uncached(scope, SNSTopic(scope, arns, Lane.DELETE), TOPIC, leaving)
