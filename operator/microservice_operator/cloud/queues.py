"""SQS queues of a Microservice, and where the messages go that nobody could handle: what the walk calls."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from ..api.messaging import Queue, seconds
from ..facts import Part
from ..ownership import Owner
from .clients import Lane
from .kinds import Kind
from .messaging_kinds import DEAD_LETTER_QUEUE, QUEUE, queue_policy
from .messaging_names import candidates, dead_letter, queue_arns, short
from .place import Place
from .plan import Desired, Leaving
from .settling import let_go, settle
from .sqs import OWN_KEYS, SQSQueue
from .tags import desired_tags

# A message's age counts from when it was sent first: "Setting up dead-letter queue retention" in the SQS guide.
LONGEST_RETENTION = 14 * 86400


@dataclass(frozen=True)
class WantedQueue:
    """A declared queue; `key` encrypts it, "" leaves that to SQS. `topics` are ARNs of those that may send to it."""

    spec: Queue
    topics: tuple[str, ...] = ()
    tags: Mapping[str, str] = field(default_factory=dict)
    key: str = ""
    known_id: str = ""
    field: str = "spec.queues"


async def reconcile_queue(place: Place, wanted: WantedQueue) -> Part:
    """Take at most one step towards a declared queue."""
    spec = wanted.spec
    arns = queue_arns(place, spec.name, fifo=spec.fifo)
    dead = queue_arns(place, dead_letter(spec.name), fifo=spec.fifo)[0]
    return await _settled(place, wanted, (QUEUE, arns), queue_fields(place.owner, wanted, arns[0], dead))


async def reconcile_dead_letter_queue(place: Place, wanted: WantedQueue) -> Part:
    """Take at most one step towards the dead letter queue of a declared queue."""
    arns = queue_arns(place, dead_letter(wanted.spec.name), fifo=wanted.spec.fifo)
    fields = {**_common(place.owner, wanted, arns[0]), "retention": LONGEST_RETENTION, "redrive": None}
    return await _settled(place, wanted, (DEAD_LETTER_QUEUE, arns), fields)


def queue_fields(owner: Owner, wanted: WantedQueue, arn: str, dead: str) -> dict[str, Any]:
    """What a declared queue is to be; `dead` is the ARN of its dead letter queue."""
    spec = wanted.spec
    count = spec.dead_letter.max_receive_count if spec.dead_letter else 0
    redrive = (dead, count) if count else None
    return {**_common(owner, wanted, arn), "retention": seconds(spec.retention), "redrive": redrive}


async def delete_queue(place: Place, kind: Kind, leaving: Leaving) -> Part:
    """Take at most one step towards letting a queue or a dead letter queue go by its policy."""
    part = leaving.name if kind is QUEUE else dead_letter(leaving.name)
    arns = (leaving.known_id,) if leaving.known_id else queue_arns(place, part)
    return await let_go(place, SQSQueue(place, tuple(short(arn) for arn in arns), Lane.DELETE), kind, leaving)


def _common(owner: Owner, wanted: WantedQueue, arn: str) -> dict[str, Any]:
    spec = wanted.spec
    return {
        "fifo": spec.fifo,
        "tags": desired_tags(owner, wanted.tags),
        "policy": queue_policy(arn, wanted.topics),
        "encryption": wanted.key or OWN_KEYS,
        "visibility": spec.visibility_timeout_seconds,
        "deduplication": spec.content_based_deduplication if spec.fifo else None,
    }


async def _settled(
    place: Place, wanted: WantedQueue, which: tuple[Kind, tuple[str, str]], fields: Mapping[str, Any]
) -> Part:
    kind, arns = which
    resource = SQSQueue(place, tuple(short(arn) for arn in candidates(arns, wanted.known_id)))
    desired = Desired(wanted.spec.name, place.owner, fields, wanted.known_id, recreate=True, at=wanted.field)
    return await settle(place, resource, kind, desired)
