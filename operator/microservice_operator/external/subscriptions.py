"""Subscriptions of queues to topics as external resources."""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any

from ..api.parsing import Environment
from ..aws.engine.scope import AwsScope
from ..aws.messaging.subscriptions import (
    LeavingSubscription,
    WantedSubscription,
    delete_subscription,
    reconcile_subscription,
    subscription_name,
)
from ..facts import Part, Section, State
from ..raw_objects import mapping, mappings, text
from .deletion import is_over
from .graph import Key
from .messaging import QUEUE, SUBSCRIPTION, TOPIC
from .resource import Declaration, DeleteInput, ExternalResource, ReconcileInput, StepResult
from .topic_refs import TopicLookup, consented, remembered

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

    async def reconcile(self, wanted: ReconcileInput) -> StepResult:
        scope = self._clients.scope(wanted.service.identity, wanted.environment, "subscriptions")
        declared = wanted.service.spec.subscriptions or []
        index, spec = next((index, s) for index, s in enumerate(declared) if subscription_name(s) == wanted.name)
        known_id, field = wanted.known.get(SUBSCRIPTION, ""), f"spec.subscriptions[{index}]"
        topic = consented(scope, wanted, spec.topic)
        if not topic.arn:
            waiting = Part("AWS", SUBSCRIPTION, wanted.name, State.PROGRESSING, topic.reason, topic.message, known_id)
            return StepResult((await _without_topic(scope, replace(waiting, field=field, after=AGAIN), topic),))
        queue = next(part.id for (kind, _), part in wanted.needs.items() if kind == QUEUE)
        subscription = WantedSubscription(spec=spec, topic=topic.arn, queue=queue, known_id=known_id, field=field)
        return StepResult((await reconcile_subscription(scope, subscription),))

    async def delete(self, target: DeleteInput) -> tuple[Part, ...]:
        scope = self._clients.scope(target.owner, target.environment, "subscriptions")
        _, microservice, topic = (*target.name.split("/"), "", "")[:3]
        owner = target.lookup.microservices.get((target.owner.namespace, microservice)) or {}
        arn = remembered(owner.get("status"), topic)
        leaving = LeavingSubscription(target.name, arn, target.known.get(SUBSCRIPTION, ""))
        return (await delete_subscription(scope, leaving),)

    def dependencies(self, owner: str, name: str) -> Iterable[Key]:
        """Its queue, and its topic where that is the same Microservice's."""
        queue, microservice, topic = (*name.split("/"), "", "")[:3]
        return [(QUEUE, queue), (TOPIC, topic)] if microservice == owner else [(QUEUE, queue)]


async def _without_topic(scope: AwsScope, waiting: Part, topic: TopicLookup) -> Part:
    """A subscription whose topic's owner does not admit it any more ends; while that is unknown, it stays."""
    if not topic.denied or not waiting.id:
        return waiting
    ended = await delete_subscription(scope, LeavingSubscription(waiting.name, known_id=waiting.id))
    if is_over(ended):
        return replace(waiting, id="", events=ended.events)
    return replace(waiting, events=ended.events, after=ended.after)
