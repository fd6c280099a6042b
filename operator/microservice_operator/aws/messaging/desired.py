"""PURE: declared topics and queues → their desired fields."""

from dataclasses import dataclass
from typing import Any

from ...api.messaging import Queue, Topic, seconds
from ...ownership import Owner
from ...resources import DesiredResource
from ..engine.tags import desired_tags
from .fields import OWN_KEYS, queue_policy, topic_policy

# A message's age counts from its first sending: "Setting up dead-letter queue retention" in the SQS guide.
LONGEST_RETENTION = 14 * 86400


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
        "policy": topic_policy(arn, spec.aws_sources or ()),
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
    return {
        **_common(owner, desired),
        "policy": queue_policy(arn, desired.topics, spec.aws_sources or ()),
        "retention": seconds(spec.retention),
        "delay": spec.delay_seconds,
        "wait": spec.receive_wait_time_seconds,
        "redrive": redrive,
    }


def dead_letter_queue_fields(owner: Owner, desired: DesiredQueue, arn: str) -> dict[str, Any]:
    """Return the desired fields of the dead letter queue of a declared queue; only SQS itself sends to it."""
    return {
        **_common(owner, desired),
        "policy": queue_policy(arn),
        "retention": LONGEST_RETENTION,
        "delay": 0,
        "wait": 0,
        "redrive": None,
    }


def _common(owner: Owner, desired: DesiredQueue) -> dict[str, Any]:
    spec = desired.spec
    return {
        "fifo": spec.fifo,
        "tags": desired_tags(owner, desired.tags),
        "encryption": desired.key or OWN_KEYS,
        "visibility": spec.visibility_timeout_seconds,
        "deduplication": spec.content_based_deduplication if spec.fifo else None,
    }
