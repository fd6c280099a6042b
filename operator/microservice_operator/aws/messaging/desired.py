"""PURE: declared topics and queues → their desired fields."""

from dataclasses import dataclass
from typing import Any

from ...api.messaging import Queue, Topic, seconds
from ...ownership import Owner
from ...resources import DesiredResource
from ..engine.tags import desired_tags
from .fields import OWN_KEYS, queue_policy, topic_policy


@dataclass(frozen=True, kw_only=True)
class DesiredTopic(DesiredResource[Topic]):
    """A declared topic; `key` encrypts it, "" means SNS's own."""

    key: str = ""


def topic_fields(owner: Owner, desired: DesiredTopic, arn: str) -> dict[str, Any]:
    """Return the desired fields of a declared topic."""
    spec = desired.spec
    return {
        "fifo": spec.fifo,
        "tags": desired_tags(owner, desired.tags),
        "policy": topic_policy(arn),
        "key": desired.key,
        "deduplication": spec.content_based_deduplication if spec.fifo else None,
    }


@dataclass(frozen=True, kw_only=True)
class DesiredQueue(DesiredResource[Queue]):
    """A declared queue; `key` encrypts it, "" means SQS's own. `topics` are the ARNs of topics that may send to it."""

    key: str = ""
    topics: tuple[str, ...] = ()


def queue_fields(owner: Owner, desired: DesiredQueue, arn: str, dead: str) -> dict[str, Any]:
    """Return the desired fields of a declared queue; `dead` is the ARN of its dead letter queue."""
    spec = desired.spec
    count = spec.dead_letter.max_receive_count if spec.dead_letter else 0
    redrive = (dead, count) if count else None
    return {**_common(owner, desired, arn), "retention": seconds(spec.retention), "redrive": redrive}


def _common(owner: Owner, desired: DesiredQueue, arn: str) -> dict[str, Any]:
    spec = desired.spec
    return {
        "fifo": spec.fifo,
        "tags": desired_tags(owner, desired.tags),
        "policy": queue_policy(arn, desired.topics),
        "encryption": desired.key or OWN_KEYS,
        "visibility": spec.visibility_timeout_seconds,
        "deduplication": spec.content_based_deduplication if spec.fifo else None,
    }
