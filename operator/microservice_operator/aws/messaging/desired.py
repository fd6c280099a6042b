"""PURE: declared topics and queues → their desired fields."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from ...api.messaging import Queue, Topic, seconds
from ...ownership import Owner
from ..engine.tags import desired_tags
from .fields import OWN_KEYS, queue_policy, topic_policy


@dataclass(frozen=True)
class WantedTopic:
    """A declared topic; `key` encrypts it, "" means SNS's own. `tags` are the Environment's and the service's."""

    spec: Topic
    tags: Mapping[str, str] = field(default_factory=dict)
    key: str = ""
    known_id: str = ""
    field: str = "spec.topics"


def topic_fields(owner: Owner, wanted: WantedTopic, arn: str) -> dict[str, Any]:
    """Return the desired fields of a declared topic."""
    spec = wanted.spec
    return {
        "fifo": spec.fifo,
        "tags": desired_tags(owner, wanted.tags),
        "policy": topic_policy(arn),
        "key": wanted.key,
        "deduplication": spec.content_based_deduplication if spec.fifo else None,
    }


@dataclass(frozen=True)
class WantedQueue:
    """A declared queue; `key` encrypts it, "" means SQS's own. `topics` are the ARNs of topics that may send to it."""

    spec: Queue
    topics: tuple[str, ...] = ()
    tags: Mapping[str, str] = field(default_factory=dict)
    key: str = ""
    known_id: str = ""
    field: str = "spec.queues"


def queue_fields(owner: Owner, wanted: WantedQueue, arn: str, dead: str) -> dict[str, Any]:
    """Return the desired fields of a declared queue; `dead` is the ARN of its dead letter queue."""
    spec = wanted.spec
    count = spec.dead_letter.max_receive_count if spec.dead_letter else 0
    redrive = (dead, count) if count else None
    return {**_common(owner, wanted, arn), "retention": seconds(spec.retention), "redrive": redrive}


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
