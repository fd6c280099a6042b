"""Subscriptions of queues to topics as external resources."""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any

from ..api.messaging import Subscription
from ..api.parsing import Environment
from ..aws.engine.arns import FIFO
from ..aws.engine.scope import AwsScope
from ..aws.messaging.names import queue_arns
from ..aws.messaging.subscriptions import (
    DesiredSubscription,
    delete_subscription,
    reconcile_subscription,
    subscription_name,
)
from ..errors import NeedsPerson
from ..facts import Part, Reason, Section, State
from ..raw_objects import mapping, mappings, text
from ..resources import Removal
from .graph import Key
from .messaging import QUEUE, SUBSCRIPTION, TOPIC
from .resource import Declaration, DeleteInput, ExternalResource, ReconcileInput, StepResult
from .topic_refs import TopicLookup, consented, remembered

SOON = 2.0  # seconds until the next reconciliation, which finds the queue in the status
AGAIN = 60.0  # a change of the other Microservice triggers a reconciliation anyway


class Subscriptions(ExternalResource):
    """Subscriptions of `spec.subscriptions`; the name of one is QUEUE/MICROSERVICE/TOPIC."""

    kind = SUBSCRIPTION
    section = Section.MESSAGING
    holds_data = False

    def declarations(self, spec: Mapping[str, Any], _environment: Environment | None) -> Iterable[Declaration]:
        for item in mappings(spec, "subscriptions"):
            topic = mapping(item, "topic")
            parts = (text(item, "queue"), text(topic, "microservice"), text(topic, "name"))
            if all(parts):
                yield Declaration("/".join(parts))

    async def reconcile(self, declared: ReconcileInput) -> StepResult:
        scope = self._clients.scope(declared.service.identity, declared.environment, "subscriptions")
        subscriptions = declared.service.spec.subscriptions or []
        index, spec = next((index, s) for index, s in enumerate(subscriptions) if subscription_name(s) == declared.name)
        known_id, field = declared.known.get(SUBSCRIPTION, ""), f"spec.subscriptions[{index}]"
        topic = consented(scope, declared, spec.topic)
        if not topic.arn:
            waiting = Part("AWS", SUBSCRIPTION, declared.name, State.PROGRESSING, topic.reason, topic.message, known_id)
            return StepResult((await _without_topic(scope, replace(waiting, field=field, after=AGAIN), topic),))
        queue = next(part.id for (kind, _), part in declared.needs.items() if kind == QUEUE)
        dead_letter = _dead_letter(declared, spec, topic.arn, field)
        if dead_letter is None:
            message = f"subscription {declared.name} is waiting for queue {spec.dead_letter_queue}"
            waits = Part("AWS", SUBSCRIPTION, declared.name, State.PROGRESSING, Reason.WAITING, message, known_id)
            return StepResult((replace(waits, field=field, after=SOON),))
        subscription = DesiredSubscription(
            spec=spec,
            known=declared.known,
            field=field,
            topic=topic.arn,
            queue=queue,
            dead_letter=dead_letter,
            queues=_own_queues(scope, declared),
        )
        return StepResult((await reconcile_subscription(scope, subscription),))

    async def delete(self, target: DeleteInput) -> tuple[Part, ...]:
        scope = self._clients.scope(target.owner, target.environment, "subscriptions")
        _, microservice, topic = (*target.removal.name.split("/"), "", "")[:3]
        owner = target.lookup.microservices.get((target.owner.namespace, microservice)) or {}
        arn = remembered(owner.get("status"), topic)
        return (await delete_subscription(scope, target.removal, arn),)

    def dependencies(self, owner: str, name: str) -> Iterable[Key]:
        """Its queue, and its topic where that is the same Microservice's."""
        queue, microservice, topic = (*name.split("/"), "", "")[:3]
        return [(QUEUE, queue), (TOPIC, topic)] if microservice == owner else [(QUEUE, queue)]


def _dead_letter(declared: ReconcileInput, spec: Subscription, topic: str, field: str) -> str | None:
    """Return the ARN of the dead-letter queue, "" if there is none, None until it exists.

    Its name is not part of the subscription's name, so it is no dependency: an earlier reconciliation has created it.
    "Amazon SNS dead-letter queues": a FIFO topic needs a FIFO queue, and a standard topic a standard one. Raises
    NeedsPerson for another one.
    """
    queue = next((each for each in declared.service.spec.queues or () if each.name == spec.dead_letter_queue), None)
    if queue is None:
        return ""
    if queue.fifo != topic.endswith(FIFO):
        must, word = ("must", "is") if topic.endswith(FIFO) else ("must not", "is not")
        message = (
            f"deadLetterQueue {queue.name} {must} be FIFO, because topic {spec.topic.name} {word}; name another queue"
        )
        raise NeedsPerson(Reason.REJECTED, message, f"{field}.deadLetterQueue")
    return declared.remembered.get((QUEUE, queue.name)) or None


def _own_queues(scope: AwsScope, declared: ReconcileInput) -> frozenset[str]:
    """Return the ARNs of the Microservice's queues, also of one that left the spec together with `deadLetterQueue`."""
    queues = (queue_arns(scope, queue.name, fifo=queue.fifo)[0] for queue in declared.service.spec.queues or ())
    return frozenset([*queues, *(arn for (kind, _), arn in declared.remembered.items() if kind == QUEUE)])


async def _without_topic(scope: AwsScope, waiting: Part, topic: TopicLookup) -> Part:
    """Delete a subscription if the topic's owner no longer allows it; keep it while that is unknown."""
    if not topic.denied or not waiting.id:
        return waiting
    ended = await delete_subscription(scope, Removal(waiting.name, known={SUBSCRIPTION: waiting.id}))
    if ended.is_over:
        return replace(waiting, id="", events=ended.events)
    return replace(waiting, events=ended.events, after=ended.after)
