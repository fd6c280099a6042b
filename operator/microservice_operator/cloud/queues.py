"""SQS queues of a Microservice, and where the messages go that nobody could handle: what the walk calls."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from ..api.messaging import Queue, seconds
from ..facts import Part
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
    count = spec.dead_letter.max_receive_count if spec.dead_letter else 0
    dead = queue_arns(place, dead_letter(spec.name), fifo=spec.fifo)[0]
    fields = {"retention": seconds(spec.retention), "redrive": (dead, count) if count else None}
    return await _settled(place, wanted, (QUEUE, spec.name), fields)


async def reconcile_dead_letter_queue(place: Place, wanted: WantedQueue) -> Part:
    """Take at most one step towards the dead letter queue of a declared queue."""
    fields = {"retention": LONGEST_RETENTION, "redrive": None}
    return await _settled(place, wanted, (DEAD_LETTER_QUEUE, dead_letter(wanted.spec.name)), fields)


async def delete_queue(place: Place, kind: Kind, leaving: Leaving) -> Part:
    """Take at most one step towards letting a queue or a dead letter queue go by its policy."""
    part = leaving.name if kind is QUEUE else dead_letter(leaving.name)
    arns = (leaving.known_id,) if leaving.known_id else queue_arns(place, part)
    return await let_go(place, SQSQueue(place, tuple(short(arn) for arn in arns), Lane.DELETE), kind, leaving)


async def _settled(place: Place, wanted: WantedQueue, which: tuple[Kind, str], fields: Mapping[str, object]) -> Part:
    kind, part = which
    spec = wanted.spec
    arns = queue_arns(place, part, fifo=spec.fifo)
    common = {
        "fifo": spec.fifo,
        "tags": desired_tags(place.owner, wanted.tags),
        "policy": queue_policy(arns[0], wanted.topics),
        "encryption": wanted.key or OWN_KEYS,
        "visibility": spec.visibility_timeout_seconds,
        "deduplication": spec.content_based_deduplication if spec.fifo else None,
    }
    resource = SQSQueue(place, tuple(short(arn) for arn in candidates(arns, wanted.known_id)))
    desired = Desired(spec.name, place.owner, {**common, **fields}, wanted.known_id, recreate=True, at=wanted.field)
    return await settle(place, resource, kind, desired)
