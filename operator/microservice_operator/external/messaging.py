"""SNS topics, SQS queues and dead letter queues as external resources."""

from collections.abc import Iterable, Mapping
from typing import Any

from ..api.parsing import Environment
from ..aws.engine.decide import Deletion
from ..aws.engine.fields import ResourceSchema
from ..aws.engine.scope import AwsScope
from ..aws.messaging import fields
from ..aws.messaging.desired import WantedQueue, WantedTopic
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

    async def reconcile(self, wanted: ReconcileInput) -> StepResult:
        scope = self._clients.scope(wanted.service.identity, wanted.environment, "topics")
        index, spec = declared_item(wanted.service.spec.topics, wanted.name)
        topic = WantedTopic(
            spec=spec,
            tags=wanted.tags,
            key=messaging_key(wanted.environment),
            known_id=wanted.known.get(TOPIC, ""),
            field=f"spec.topics[{index}]",
        )
        return StepResult((await reconcile_topic(scope, topic),))

    async def delete(self, target: DeleteInput) -> tuple[Part, ...]:
        scope = self._clients.scope(target.owner, target.environment, "topics")
        leaving = Deletion(target.name, scope.owner, target.policy, target.known.get(TOPIC, ""))
        return (await delete_topic(scope, leaving),)


class Queues(ExternalResource):
    """Queues of `spec.queues`; each depends on its dead letter queue."""

    kind = QUEUE
    section = Section.MESSAGING

    def declarations(self, spec: Mapping[str, Any], _environment: Environment | None) -> Iterable[Declaration]:
        return items(spec, "queues")

    async def reconcile(self, wanted: ReconcileInput) -> StepResult:
        scope = self._clients.scope(wanted.service.identity, wanted.environment, "queues")
        queue = _wanted_queue(wanted, QUEUE, _senders(scope, wanted))
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

    async def reconcile(self, wanted: ReconcileInput) -> StepResult:
        scope = self._clients.scope(wanted.service.identity, wanted.environment, "queues")
        queue = _wanted_queue(wanted, DEAD_LETTER_QUEUE)
        return StepResult((await reconcile_dead_letter_queue(scope, queue),))

    async def delete(self, target: DeleteInput) -> tuple[Part, ...]:
        return await _delete_queue(self._clients, fields.DEAD_LETTER_QUEUE, target)


def _wanted_queue(wanted: ReconcileInput, kind: str, senders: tuple[str, ...] = ()) -> WantedQueue:
    index, spec = declared_item(wanted.service.spec.queues, wanted.name)
    return WantedQueue(
        spec=spec,
        topics=senders,
        tags=wanted.tags,
        key=messaging_key(wanted.environment),
        known_id=wanted.known.get(kind, ""),
        field=f"spec.queues[{index}]",
    )


async def _delete_queue(clients: ExternalClients, kind: ResourceSchema, target: DeleteInput) -> tuple[Part, ...]:
    scope = clients.scope(target.owner, target.environment, "queues")
    leaving = Deletion(target.name, scope.owner, target.policy, target.known.get(kind.name, ""))
    return (await delete_queue(scope, kind, leaving),)


def _senders(scope: AwsScope, wanted: ReconcileInput) -> tuple[str, ...]:
    """ARNs of the topics that may send to a queue.

    An existing subscription keeps its right while it is unknown whether the topic's owner still admits it, and while
    pods of an earlier declaration may wait for its messages.
    """
    arns = {}
    for subscription in wanted.service.spec.subscriptions or []:
        if subscription.queue == wanted.name:
            name = subscription_name(subscription)
            topic, known = consented(scope, wanted, subscription.topic), wanted.remembered.get((SUBSCRIPTION, name), "")
            arns[name] = topic.arn or ("" if topic.denied else topic_of(known))
    for kind, name in wanted.kept:
        if kind == SUBSCRIPTION and name.partition("/")[0] == wanted.name:
            arns[name] = topic_of(wanted.remembered.get((kind, name), ""))
    return tuple(sorted({arn for arn in arns.values() if arn}))
