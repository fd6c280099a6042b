"""Topics and queues, as entries of the registry."""

from collections.abc import Iterable, Mapping
from functools import partial
from typing import Any

from ..api.messaging import Queue
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
from .resource_type import Declaration, DeleteInput, ReconcileInput, ResourceType, StepResult, items
from .topic_refs import consented, topic_of

TOPIC, QUEUE, DEAD_LETTER_QUEUE = fields.TOPIC.name, fields.QUEUE.name, fields.DEAD_LETTER_QUEUE.name
SUBSCRIPTION = fields.SUBSCRIPTION.name


def topics(external: ExternalClients) -> ResourceType:
    """Topics through these doors; one that leaves the spec stays, for others may have subscribed to it."""
    return ResourceType(
        kind=TOPIC,
        layer="AWS",
        section=Section.MESSAGING,
        declarations=lambda spec, _environment: items(spec, "topics"),
        reconcile=partial(_topic, external),
        delete=partial(_leave_topic, external),
    )


def queues(external: ExternalClients) -> ResourceType:
    """Queues through these doors."""
    return ResourceType(
        kind=QUEUE,
        layer="AWS",
        section=Section.MESSAGING,
        declarations=lambda spec, _environment: items(spec, "queues"),
        reconcile=partial(_queue, external),
        delete=partial(_leave_queue, external, fields.QUEUE),
        needs=lambda _owner, name: [(DEAD_LETTER_QUEUE, name)],
    )


def dead_letter_queues(external: ExternalClients) -> ResourceType:
    """What queues put aside; each has the name of its queue, and its policy."""
    return ResourceType(
        kind=DEAD_LETTER_QUEUE,
        layer="AWS",
        section=Section.MESSAGING,
        declarations=_dead_letters,
        reconcile=partial(_dead_letter_queue, external),
        delete=partial(_leave_queue, external, fields.DEAD_LETTER_QUEUE),
    )


def _dead_letters(spec: Mapping[str, Any], _environment: Environment | None) -> Iterable[Declaration]:
    return items({"queues": [queue for queue in mappings(spec, "queues") if queue.get("deadLetter")]}, "queues")


async def _topic(external: ExternalClients, wanted: ReconcileInput) -> StepResult:
    scope = external.scope(wanted.service.identity, wanted.environment, "topics")
    at, spec = next((at, t) for at, t in enumerate(wanted.service.spec.topics or []) if t.name == wanted.name)
    topic = WantedTopic(
        spec=spec,
        tags=wanted.tags,
        key=messaging_key(wanted.environment),
        known_id=wanted.known.get(TOPIC, ""),
        field=f"spec.topics[{at}]",
    )
    return StepResult((await reconcile_topic(scope, topic),))


async def _queue(external: ExternalClients, wanted: ReconcileInput) -> StepResult:
    scope = external.scope(wanted.service.identity, wanted.environment, "queues")
    return StepResult((await reconcile_queue(scope, _declared(wanted, QUEUE, _senders(scope, wanted))),))


def _senders(scope: AwsScope, wanted: ReconcileInput) -> tuple[str, ...]:
    """ARNs of the topics that may send to a queue.

    A subscription that exists keeps its right while nobody can say whether its topic's owner still admits it, and while
    pods of the former declaration may wait for its messages.
    """
    found = {}
    for subscription in wanted.service.spec.subscriptions or []:
        if subscription.queue == wanted.name:
            name = subscription_name(subscription)
            topic, known = consented(scope, wanted, subscription.topic), wanted.remembered.get((SUBSCRIPTION, name), "")
            found[name] = topic.arn or ("" if topic.denied else topic_of(known))
    for kind, name in wanted.kept:
        if kind == SUBSCRIPTION and name.partition("/")[0] == wanted.name:
            found[name] = topic_of(wanted.remembered.get((kind, name), ""))
    return tuple(sorted({arn for arn in found.values() if arn}))


async def _dead_letter_queue(external: ExternalClients, wanted: ReconcileInput) -> StepResult:
    scope = external.scope(wanted.service.identity, wanted.environment, "queues")
    return StepResult((await reconcile_dead_letter_queue(scope, _declared(wanted, DEAD_LETTER_QUEUE)),))


def _declared(wanted: ReconcileInput, kind: str, senders: tuple[str, ...] = ()) -> WantedQueue:
    declared: list[Queue] = wanted.service.spec.queues or []
    at, spec = next((at, q) for at, q in enumerate(declared) if q.name == wanted.name)
    return WantedQueue(
        spec=spec,
        topics=senders,
        tags=wanted.tags,
        key=messaging_key(wanted.environment),
        known_id=wanted.known.get(kind, ""),
        field=f"spec.queues[{at}]",
    )


async def _leave_topic(external: ExternalClients, target: DeleteInput) -> tuple[Part, ...]:
    scope = external.scope(target.owner, target.environment, "topics")
    leaving = Deletion(target.name, scope.owner, target.policy, target.known.get(TOPIC, ""))
    return (await delete_topic(scope, leaving),)


async def _leave_queue(external: ExternalClients, kind: ResourceSchema, target: DeleteInput) -> tuple[Part, ...]:
    scope = external.scope(target.owner, target.environment, "queues")
    leaving = Deletion(target.name, scope.owner, target.policy, target.known.get(kind.name, ""))
    return (await delete_queue(scope, kind, leaving),)
