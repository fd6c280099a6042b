"""Subscriptions, as an entry of the registry."""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from functools import partial
from typing import Any

from ..api.messaging import Subscription
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
from .clients import ExternalClients
from .deletion import is_over
from .graph import Key
from .messaging import QUEUE, SUBSCRIPTION, TOPIC
from .resource_type import Declaration, DeleteInput, ReconcileInput, ResourceType, StepResult
from .topic_refs import TopicLookup, consented, remembered

AGAIN = 60.0  # the other Microservice's change brings another pass anyway


def subscriptions(external: ExternalClients) -> ResourceType:
    """Subscriptions through these doors."""
    return ResourceType(
        kind=SUBSCRIPTION,
        layer="AWS",
        section=Section.MESSAGING,
        declarations=_declared,
        reconcile=partial(_step, external),
        delete=partial(_leave, external),
        keeps=False,
        needs=_needs,
    )


def _declared(spec: Mapping[str, Any], _environment: Environment | None) -> Iterable[Declaration]:
    for item in mappings(spec, "subscriptions"):
        topic = mapping(item, "topic")
        parts = (text(item, "queue"), text(topic, "microservice"), text(topic, "name"))
        if all(parts):
            yield Declaration("/".join(parts))


def _needs(owner: str, name: str) -> Iterable[Key]:
    queue, microservice, topic = (*name.split("/"), "", "")[:3]
    return [(QUEUE, queue), (TOPIC, topic)] if microservice == owner else [(QUEUE, queue)]


async def _step(external: ExternalClients, wanted: ReconcileInput) -> StepResult:
    scope = external.scope(wanted.service.identity, wanted.environment, "subscriptions")
    declared: list[Subscription] = wanted.service.spec.subscriptions or []
    at, spec = next((at, s) for at, s in enumerate(declared) if subscription_name(s) == wanted.name)
    known_id, where = wanted.known.get(SUBSCRIPTION, ""), f"spec.subscriptions[{at}]"
    topic = consented(scope, wanted, spec.topic)
    if not topic.arn:
        return StepResult((await _without(scope, (wanted.name, known_id, where), topic),))
    queue = next(part.id for (kind, _), part in wanted.needs.items() if kind == QUEUE)
    subscription = WantedSubscription(spec=spec, topic=topic.arn, queue=queue, known_id=known_id, field=where)
    return StepResult((await reconcile_subscription(scope, subscription),))


async def _without(scope: AwsScope, which: tuple[str, str, str], topic: TopicLookup) -> Part:
    """One whose topic is not for it any more, and ends, or whose topic is not known to be there, and stays as it is."""
    name, known_id, where = which
    waits = Part("AWS", SUBSCRIPTION, name, State.PROGRESSING, topic.reason, topic.message, field=where, after=AGAIN)
    if not topic.denied or not known_id:
        return replace(waits, id=known_id)
    ended = await delete_subscription(scope, LeavingSubscription(name, known_id=known_id))
    if is_over(ended):
        return replace(waits, events=ended.events)
    return replace(waits, id=known_id, events=ended.events, after=ended.after)


async def _leave(external: ExternalClients, target: DeleteInput) -> tuple[Part, ...]:
    scope = external.scope(target.owner, target.environment, "subscriptions")
    _, microservice, topic = (*target.name.split("/"), "", "")[:3]
    found = target.lookup.microservices.get((target.owner.namespace, microservice)) or {}
    arn = remembered(found.get("status"), topic)
    leaving = LeavingSubscription(target.name, arn, target.known.get(SUBSCRIPTION, ""))
    return (await delete_subscription(scope, leaving),)
