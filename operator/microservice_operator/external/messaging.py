"""SNS topics, SQS queues and dead letter queues as external resources."""

from collections.abc import Iterable, Mapping
from typing import Any

from ..api.parsing import Environment
from ..aws.engine.fields import ResourceSchema
from ..aws.engine.scope import AwsScope
from ..aws.messaging import fields
from ..aws.messaging.desired import DesiredQueue, DesiredTopic
from ..aws.messaging.queues import delete_queue, reconcile_dead_letter_queue, reconcile_queue
from ..aws.messaging.subscriptions import subscription_name
from ..aws.messaging.topics import delete_topic, reconcile_topic
from ..facts import Part, Section
from ..raw_objects import mappings
from .clients import ExternalClients
from .desired import messaging_key
from .graph import Key
from .resource import Declaration, DeleteInput, ExternalResource, ReconcileInput, StepResult, declared_item, items
from .topic_refs import consented, topic_of

TOPIC, QUEUE, DEAD_LETTER_QUEUE = fields.TOPIC.name, fields.QUEUE.name, fields.DEAD_LETTER_QUEUE.name
SUBSCRIPTION = fields.SUBSCRIPTION.name


class Topics(ExternalResource):
    """Topics of `spec.topics`. One that leaves the spec is retained, because others may have subscribed to it."""

    kind = TOPIC
    section = Section.MESSAGING

    def declarations(self, spec: Mapping[str, Any], _environment: Environment | None) -> Iterable[Declaration]:
        return items(spec, "topics")

    async def reconcile(self, declared: ReconcileInput) -> StepResult:
        scope = self._clients.scope(declared.service.identity, declared.environment, "topics")
        index, spec = declared_item(declared.service.spec.topics, declared.name)
        topic = DesiredTopic(
            spec=spec,
            tags=declared.tags,
            key=messaging_key(declared.environment),
            known=declared.known,
            field=f"spec.topics[{index}]",
        )
        return StepResult((await reconcile_topic(scope, topic),))

    async def delete(self, target: DeleteInput) -> tuple[Part, ...]:
        scope = self._clients.scope(target.owner, target.environment, "topics")
        return (await delete_topic(scope, target.removal),)


class Queues(ExternalResource):
    """Queues of `spec.queues`; each depends on its dead letter queue."""

    kind = QUEUE
    section = Section.MESSAGING

    def declarations(self, spec: Mapping[str, Any], _environment: Environment | None) -> Iterable[Declaration]:
        return items(spec, "queues")

    async def reconcile(self, declared: ReconcileInput) -> StepResult:
        scope = self._clients.scope(declared.service.identity, declared.environment, "queues")
        queue = _desired_queue(declared, _senders(scope, declared))
        return StepResult((await reconcile_queue(scope, queue),))

    async def delete(self, target: DeleteInput) -> tuple[Part, ...]:
        return await _delete_queue(self._clients, fields.QUEUE, target)

    def dependencies(self, _owner: str, name: str) -> Iterable[Key]:
        return [(DEAD_LETTER_QUEUE, name)]


class DeadLetterQueues(ExternalResource):
    """Dead letter queues; each has the name and the deletion policy of its queue."""

    kind = DEAD_LETTER_QUEUE
    section = Section.MESSAGING

    def declarations(self, spec: Mapping[str, Any], _environment: Environment | None) -> Iterable[Declaration]:
        return items({"queues": [queue for queue in mappings(spec, "queues") if queue.get("deadLetter")]}, "queues")

    async def reconcile(self, declared: ReconcileInput) -> StepResult:
        scope = self._clients.scope(declared.service.identity, declared.environment, "queues")
        queue = _desired_queue(declared)
        return StepResult((await reconcile_dead_letter_queue(scope, queue),))

    async def delete(self, target: DeleteInput) -> tuple[Part, ...]:
        return await _delete_queue(self._clients, fields.DEAD_LETTER_QUEUE, target)


def _desired_queue(declared: ReconcileInput, senders: tuple[str, ...] = ()) -> DesiredQueue:
    index, spec = declared_item(declared.service.spec.queues, declared.name)
    return DesiredQueue(
        spec=spec,
        topics=senders,
        tags=declared.tags,
        key=messaging_key(declared.environment),
        known=declared.known,
        field=f"spec.queues[{index}]",
    )


async def _delete_queue(clients: ExternalClients, kind: ResourceSchema, target: DeleteInput) -> tuple[Part, ...]:
    scope = clients.scope(target.owner, target.environment, "queues")
    return (await delete_queue(scope, kind, target.removal),)


def _senders(scope: AwsScope, declared: ReconcileInput) -> tuple[str, ...]:
    """ARNs of the topics that may send to a queue.

    An existing subscription keeps its right while it is unknown whether the topic's owner still allows it, and while
    pods of an earlier declaration may wait for its messages.
    """
    arns = {}
    for subscription in declared.service.spec.subscriptions or []:
        if declared.name in (subscription.queue, subscription.dead_letter_queue):
            name = subscription_name(subscription)
            topic = consented(scope, declared, subscription.topic)
            remembered_arn = declared.remembered.get((SUBSCRIPTION, name), "")
            arns[name] = topic.arn or ("" if topic.denied else topic_of(remembered_arn))
    for kind, name in declared.kept:
        if kind == SUBSCRIPTION and name.partition("/")[0] == declared.name:
            arns[name] = topic_of(declared.remembered.get((kind, name), ""))
    return tuple(sorted({arn for arn in arns.values() if arn}))
