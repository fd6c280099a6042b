"""Messaging in the spec: SNS topics, SQS queues, and the subscriptions that deliver from topics to queues."""

from typing import Annotated, Any, Literal

from pydantic import Field, GetCoreSchemaHandler, GetJsonSchemaHandler, StringConstraints
from pydantic_core import CoreSchema, PydanticCustomError, core_schema

from .arns import SERVICE_PRINCIPAL, SOURCE_ARN
from .base import Model, Rule, Transition
from .patterns import pattern
from .scalars import ATOMIC, PartName

Retention = Annotated[
    str,
    StringConstraints(
        max_length=5,
        pattern=pattern(
            r"^([1-9]|1[0-4])d$|^([1-9]|[1-9][0-9]|[12][0-9]{2}|3[0-2][0-9]|33[0-6])h$|^[1-9][0-9]{0,3}m$",
            "a time from 1m to 14d in d, h or m, such as 4d or 12h",
        ),
    ),
]
_UNITS = {"d": 86400, "h": 3600, "m": 60}


_DEEPEST = 32  # levels; SNS allows fewer, and hundreds of levels break encoders


class _Document:
    """A JSON object of any shape, up to 32 levels deep."""

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        """Accept any mapping; AWS checks its content."""
        document = core_schema.dict_schema(core_schema.str_schema(), core_schema.any_schema())
        return core_schema.no_info_after_validator_function(_bounded, document)

    def __get_pydantic_json_schema__(self, schema: CoreSchema, handler: GetJsonSchemaHandler) -> dict[str, Any]:
        """Keep all fields: the API server must not prune them as unknown."""
        return {"type": "object", "x-kubernetes-preserve-unknown-fields": True}


def _bounded(document: dict[str, Any]) -> dict[str, Any]:
    level: list[Any] = [document]
    for _ in range(_DEEPEST):
        level = [
            inner
            for outer in level
            for inner in (outer.values() if isinstance(outer, dict) else outer)
            if isinstance(inner, dict | list)
        ]
        if not level:
            return document
    raise PydanticCustomError("too_deep", f"nests deeper than {_DEEPEST} levels; flatten it")


Document = Annotated[dict[str, Any], _Document()]


def seconds(retention: str) -> int:
    """Convert a retention to seconds: `4d` → 345600."""
    return int(retention[:-1]) * _UNITS[retention[-1]]


def _first_in_first_out(kind: str) -> tuple[tuple[Rule, ...], tuple[Transition, ...]]:
    deduplication = Rule(
        cel="!self.contentBasedDeduplication || self.fifo",
        holds=lambda self: not self.content_based_deduplication or self.fifo,
        message=f"{kind}: contentBasedDeduplication requires fifo; set fifo, or remove it",
        field="contentBasedDeduplication",
    )
    once = Transition(
        cel="self.fifo == oldSelf.fifo",
        holds=lambda self, old: self.fifo == old.fifo,
        message=f"{kind}: fifo is immutable; restore its value, or declare one with another name",
        field="fifo",
    )
    return (deduplication,), (once,)


class AWSSource(Model):
    """An AWS resource that may send messages, such as an S3 bucket or an EventBridge rule."""

    service: Annotated[str, StringConstraints(max_length=64, pattern=SERVICE_PRINCIPAL)]
    """Service principal that sends for the resource, such as s3.amazonaws.com, events.amazonaws.com or
    cloudwatch.amazonaws.com."""
    source_arn: Annotated[
        str,
        Field(alias="sourceARN"),
        StringConstraints(max_length=512, pattern=SOURCE_ARN),
    ]
    """ARN of the resource, without wildcards, policy variables and control characters. If the ARN names no account, as
    that of a bucket, the resource must be in the account of the Environment."""


AWSSources = Annotated[list[AWSSource], Field(min_length=1, max_length=10, json_schema_extra=ATOMIC)]


class Topic(Model):
    """An SNS topic."""

    name: PartName
    """Name, and key of the list; the variable NAME_TOPIC_ARN holds the ARN."""
    fifo: bool = False
    """Keep the order of messages in a group, and deliver each message once; immutable."""
    content_based_deduplication: bool = False
    """Only with fifo: messages with equal content within five minutes count as one."""
    aws_sources: Annotated[AWSSources | None, Field(alias="awsSources")] = None
    """AWS resources that may publish, in addition to this service's role. With the Environment's aws.messagingKeyARN,
    the policy of that key must let their services use it."""
    deletion_policy: Literal["Retain", "Delete"] = "Delete"
    """What happens to the topic when the Microservice is deleted. Delete suits most topics, because a topic stores no
    messages. It also deletes subscriptions that are not from Microservices; Retain keeps them. A topic that is removed
    from the spec is always retained."""
    rules, transitions = _first_in_first_out("topics")


class DeadLetter(Model):
    """Dead-letter queue: receives the messages that the service could not handle."""

    max_receive_count: Annotated[int, Field(ge=1, le=1000)] = 5
    """How often a message is received without being deleted before it moves to the dead-letter queue."""


class Queue(Model):
    """An encrypted SQS queue; only its own service, the topics that it subscribes to and awsSources can use it."""

    name: PartName
    """Name, and key of the list; the variable NAME_QUEUE_URL holds the URL."""
    fifo: bool = False
    """Keep the order of messages in a group, and deliver each message once; immutable."""
    content_based_deduplication: bool = False
    """Only with fifo: messages with equal content within five minutes count as one."""
    visibility_timeout_seconds: Annotated[int, Field(ge=0, le=43200)] = 30
    """How long a received message is hidden from other receivers; must be longer than handling one message takes."""
    retention: Retention = "4d"
    """How long a message is kept until it is deleted, such as 4d, 12h or 30m; at most 14d."""
    delay_seconds: Annotated[int, Field(ge=0, le=900)] = 0
    """How long a new message is hidden from all receivers."""
    receive_wait_time_seconds: Annotated[int, Field(ge=0, le=20)] = 0
    """How long a receive call waits for a message (long polling), unless the call says otherwise. Clients must wait
    longer for the response."""
    aws_sources: Annotated[AWSSources | None, Field(alias="awsSources")] = None
    """AWS resources that may send messages, in addition to this service's role and its subscriptions. With the
    Environment's aws.messagingKeyARN, the policy of that key must let their services use it."""
    dead_letter: DeadLetter | None = None
    """Dead-letter queue, which keeps messages that could not be handled for 14 days; if unset, none exists."""
    deletion_policy: Literal["Retain", "Delete"] = "Retain"
    """What happens to the queue and its messages when the Microservice is deleted: Retain or Delete. A queue that is
    removed from the spec is always retained."""
    rules, transitions = _first_in_first_out("queues")


class TopicRef(Model):
    """A topic of a Microservice of the same namespace, which must allow this one in its access.from."""

    microservice: PartName
    """Name of the Microservice that declares the topic; may be this one."""
    name: PartName
    """Name of the topic in that Microservice's spec."""


class Subscription(Model):
    """Delivers the messages of a topic to a queue, without changes (raw message delivery)."""

    topic: TopicRef
    """Topic that the messages come from."""
    queue: PartName
    """Queue that receives the messages: the name of an item of spec.queues."""
    dead_letter_queue: PartName | None = None
    """Queue that receives the messages that SNS cannot deliver, such as while the queue's policy was changed by hand:
    the name of another item of spec.queues, FIFO if the topic is FIFO. If unset, SNS discards them."""
    filter_policy: Document | None = None
    """SNS filter policy that selects the messages, such as {kind: [created]}; if unset, all messages are delivered."""
    filter_policy_scope: Literal["MessageAttributes", "MessageBody"] = "MessageAttributes"
    """Part of the message that the filter policy applies to."""
