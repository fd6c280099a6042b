"""Topics and queues, as entries of the registry."""

from collections.abc import Iterable, Mapping
from functools import partial
from typing import Any

from ..api.messaging import Queue
from ..api.parsing import Environment
from ..aws.engine.decide import Leaving
from ..aws.engine.fields import Kind
from ..aws.engine.scope import Place
from ..aws.messaging import fields
from ..aws.messaging.desired import WantedQueue, WantedTopic
from ..aws.messaging.queues import delete_queue, reconcile_dead_letter_queue, reconcile_queue
from ..aws.messaging.subscriptions import subscription_name
from ..aws.messaging.topics import delete_topic, reconcile_topic
from ..facts import Part, Section
from ..raw_objects import mappings
from .clients import Doors
from .desired import messaging_key
from .resource_type import Declared, Going, Sort, Stepped, Wanted, items
from .topic_refs import consented, topic_of

TOPIC, QUEUE, DEAD_LETTER_QUEUE = fields.TOPIC.name, fields.QUEUE.name, fields.DEAD_LETTER_QUEUE.name
SUBSCRIPTION = fields.SUBSCRIPTION.name


def topics(doors: Doors) -> Sort:
    """Topics through these doors; one that leaves the spec stays, for others may have subscribed to it."""
    return Sort(
        kind=TOPIC,
        layer="AWS",
        section=Section.MESSAGING,
        declared=lambda spec, _environment: items(spec, "topics"),
        step=partial(_topic, doors),
        leave=partial(_leave_topic, doors),
    )


def queues(doors: Doors) -> Sort:
    """Queues through these doors."""
    return Sort(
        kind=QUEUE,
        layer="AWS",
        section=Section.MESSAGING,
        declared=lambda spec, _environment: items(spec, "queues"),
        step=partial(_queue, doors),
        leave=partial(_leave_queue, doors, fields.QUEUE),
        needs=lambda _owner, name: [(DEAD_LETTER_QUEUE, name)],
    )


def dead_letter_queues(doors: Doors) -> Sort:
    """What queues put aside; each has the name of its queue, and its policy."""
    return Sort(
        kind=DEAD_LETTER_QUEUE,
        layer="AWS",
        section=Section.MESSAGING,
        declared=_dead_letters,
        step=partial(_dead_letter_queue, doors),
        leave=partial(_leave_queue, doors, fields.DEAD_LETTER_QUEUE),
    )


def _dead_letters(spec: Mapping[str, Any], _environment: Environment | None) -> Iterable[Declared]:
    return items({"queues": [queue for queue in mappings(spec, "queues") if queue.get("deadLetter")]}, "queues")


async def _topic(doors: Doors, wanted: Wanted) -> Stepped:
    place = doors.place(wanted.service.identity, wanted.environment, "topics")
    at, spec = next((at, t) for at, t in enumerate(wanted.service.spec.topics or []) if t.name == wanted.name)
    topic = WantedTopic(
        spec=spec,
        tags=wanted.tags,
        key=messaging_key(wanted.environment),
        known_id=wanted.known.get(TOPIC, ""),
        field=f"spec.topics[{at}]",
    )
    return Stepped((await reconcile_topic(place, topic),))


async def _queue(doors: Doors, wanted: Wanted) -> Stepped:
    place = doors.place(wanted.service.identity, wanted.environment, "queues")
    return Stepped((await reconcile_queue(place, _declared(wanted, QUEUE, _senders(place, wanted))),))


def _senders(place: Place, wanted: Wanted) -> tuple[str, ...]:
    """ARNs of the topics that may send to a queue.

    A subscription that exists keeps its right while nobody can say whether its topic's owner still admits it, and while
    pods of the former declaration may wait for its messages.
    """
    found = {}
    for subscription in wanted.service.spec.subscriptions or []:
        if subscription.queue == wanted.name:
            name = subscription_name(subscription)
            topic, known = consented(place, wanted, subscription.topic), wanted.remembered.get((SUBSCRIPTION, name), "")
            found[name] = topic.arn or ("" if topic.denied else topic_of(known))
    for kind, name in wanted.kept:
        if kind == SUBSCRIPTION and name.partition("/")[0] == wanted.name:
            found[name] = topic_of(wanted.remembered.get((kind, name), ""))
    return tuple(sorted({arn for arn in found.values() if arn}))


async def _dead_letter_queue(doors: Doors, wanted: Wanted) -> Stepped:
    place = doors.place(wanted.service.identity, wanted.environment, "queues")
    return Stepped((await reconcile_dead_letter_queue(place, _declared(wanted, DEAD_LETTER_QUEUE)),))


def _declared(wanted: Wanted, kind: str, senders: tuple[str, ...] = ()) -> WantedQueue:
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


async def _leave_topic(doors: Doors, going: Going) -> tuple[Part, ...]:
    place = doors.place(going.owner, going.environment, "topics")
    leaving = Leaving(going.name, place.owner, going.policy, going.known.get(TOPIC, ""))
    return (await delete_topic(place, leaving),)


async def _leave_queue(doors: Doors, kind: Kind, going: Going) -> tuple[Part, ...]:
    place = doors.place(going.owner, going.environment, "queues")
    leaving = Leaving(going.name, place.owner, going.policy, going.known.get(kind.name, ""))
    return (await delete_queue(place, kind, leaving),)
