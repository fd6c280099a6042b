"""Subscriptions, as an entry of the registry."""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from functools import partial
from typing import Any

from ..api.messaging import Subscription
from ..api.parsing import Environment
from ..aws.engine.scope import Place
from ..aws.messaging.subscriptions import (
    LeavingSubscription,
    WantedSubscription,
    delete_subscription,
    reconcile_subscription,
    subscription_name,
)
from ..facts import Part, Section, State
from ..raw_objects import mapping, mappings, text
from .clients import Doors
from .deletion import is_over
from .graph import Key
from .messaging import QUEUE, SUBSCRIPTION, TOPIC
from .resource_type import Declared, Going, Sort, Stepped, Wanted
from .topic_refs import Found, consented, remembered

AGAIN = 60.0  # the other Microservice's change brings another pass anyway


def subscriptions(doors: Doors) -> Sort:
    """Subscriptions through these doors."""
    return Sort(
        kind=SUBSCRIPTION,
        layer="AWS",
        section=Section.MESSAGING,
        declared=_declared,
        step=partial(_step, doors),
        leave=partial(_leave, doors),
        keeps=False,
        needs=_needs,
    )


def _declared(spec: Mapping[str, Any], _environment: Environment | None) -> Iterable[Declared]:
    for item in mappings(spec, "subscriptions"):
        topic = mapping(item, "topic")
        parts = (text(item, "queue"), text(topic, "microservice"), text(topic, "name"))
        if all(parts):
            yield Declared("/".join(parts))


def _needs(owner: str, name: str) -> Iterable[Key]:
    queue, microservice, topic = (*name.split("/"), "", "")[:3]
    return [(QUEUE, queue), (TOPIC, topic)] if microservice == owner else [(QUEUE, queue)]


async def _step(doors: Doors, wanted: Wanted) -> Stepped:
    place = doors.place(wanted.service.identity, wanted.environment, "subscriptions")
    declared: list[Subscription] = wanted.service.spec.subscriptions or []
    at, spec = next((at, s) for at, s in enumerate(declared) if subscription_name(s) == wanted.name)
    known_id, where = wanted.known.get(SUBSCRIPTION, ""), f"spec.subscriptions[{at}]"
    topic = consented(place, wanted, spec.topic)
    if not topic.arn:
        return Stepped((await _without(place, (wanted.name, known_id, where), topic),))
    queue = next(part.id for (kind, _), part in wanted.needs.items() if kind == QUEUE)
    subscription = WantedSubscription(spec=spec, topic=topic.arn, queue=queue, known_id=known_id, field=where)
    return Stepped((await reconcile_subscription(place, subscription),))


async def _without(place: Place, which: tuple[str, str, str], topic: Found) -> Part:
    """One whose topic is not for it any more, and ends, or whose topic is not known to be there, and stays as it is."""
    name, known_id, where = which
    waits = Part("AWS", SUBSCRIPTION, name, State.PROGRESSING, topic.reason, topic.message, field=where, after=AGAIN)
    if not topic.denied or not known_id:
        return replace(waits, id=known_id)
    ended = await delete_subscription(place, LeavingSubscription(name, known_id=known_id))
    if is_over(ended):
        return replace(waits, events=ended.events)
    return replace(waits, id=known_id, events=ended.events, after=ended.after)


async def _leave(doors: Doors, going: Going) -> tuple[Part, ...]:
    place = doors.place(going.owner, going.environment, "subscriptions")
    _, microservice, topic = (*going.name.split("/"), "", "")[:3]
    found = going.neighbours.microservices.get((going.owner.namespace, microservice)) or {}
    arn = remembered(found.get("status"), topic)
    leaving = LeavingSubscription(going.name, arn, going.known.get(SUBSCRIPTION, ""))
    return (await delete_subscription(place, leaving),)
