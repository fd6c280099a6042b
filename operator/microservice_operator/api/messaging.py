"""What a service tells and hears: SNS topics, SQS queues, and the subscriptions that lead from the one to the other."""

from typing import Annotated, Any, Literal

from pydantic import Field, GetCoreSchemaHandler, GetJsonSchemaHandler, StringConstraints
from pydantic_core import CoreSchema, PydanticCustomError, core_schema

from .base import Model, Rule, Transition
from .scalars import PartName

Retention = Annotated[
    str,
    StringConstraints(
        max_length=5,
        pattern=r"^([1-9]|1[0-4])d$|^([1-9]|[1-9][0-9]|[12][0-9]{2}|3[0-2][0-9]|33[0-6])h$|^[1-9][0-9]{0,3}m$",
    ),
]
_UNITS = {"d": 86400, "h": 3600, "m": 60}


_DEEPEST = 32  # levels; SNS takes fewer, and what nests by the hundred stops encoders


class _Document:
    """A JSON object of any shape, up to 32 levels deep."""

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        """A mapping; AWS checks what is in it."""
        document = core_schema.dict_schema(core_schema.str_schema(), core_schema.any_schema())
        return core_schema.no_info_after_validator_function(_bounded, document)

    def __get_pydantic_json_schema__(self, schema: CoreSchema, handler: GetJsonSchemaHandler) -> dict[str, Any]:
        """Nothing of it is dropped for being unknown."""
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
    """`4d` → 345600."""
    return int(retention[:-1]) * _UNITS[retention[-1]]


def _first_in_first_out(kind: str) -> tuple[tuple[Rule, ...], tuple[Transition, ...]]:
    deduplication = Rule(
        cel="!self.contentBasedDeduplication || self.fifo",
        holds=lambda self: not self.content_based_deduplication or self.fifo,
        message=f"{kind}: contentBasedDeduplication has a meaning with fifo only; set fifo, or remove it",
        field="contentBasedDeduplication",
    )
    once = Transition(
        cel="self.fifo == oldSelf.fifo",
        holds=lambda self, old: self.fifo == old.fifo,
        message=f"{kind}: fifo is set once; keep what it was, or declare one of another name",
        field="fifo",
    )
    return (deduplication,), (once,)


class Topic(Model):
    """An SNS topic."""

    name: PartName
    """Name, and key of the list; the ARN arrives as NAME_TOPIC_ARN."""
    fifo: bool = False
    """Keep the order of messages of a group, and deliver each once; set once."""
    content_based_deduplication: bool = False
    """With fifo: messages of the same content within five minutes are one."""
    deletion_policy: Literal["Retain", "Delete"] = "Delete"
    """What becomes of it when the Microservice is deleted: a topic keeps no messages, so Delete; Retain where others
    than Microservices have subscribed to it, for their subscriptions go with it. One that leaves the
    spec stays."""
    rules, transitions = _first_in_first_out("topics")


class DeadLetter(Model):
    """Where messages go that nobody could handle."""

    max_receive_count: Annotated[int, Field(ge=1, le=1000)] = 5
    """How often a message is received, and not deleted, before it goes there."""


class Queue(Model):
    """An SQS queue, encrypted, open to its own service and to the topics that it is subscribed to."""

    name: PartName
    """Name, and key of the list; the address arrives as NAME_QUEUE_URL."""
    fifo: bool = False
    """Keep the order of messages of a group, and deliver each once; set once."""
    content_based_deduplication: bool = False
    """With fifo: messages of the same content within five minutes are one."""
    visibility_timeout_seconds: Annotated[int, Field(ge=0, le=43200)] = 30
    """For how long a message that was received is hidden from others: longer than it takes to handle it."""
    retention: Retention = "4d"
    """For how long a message is kept that nobody deletes, such as 4d, 12h or 30m; at most 14d."""
    dead_letter: DeadLetter | None = None
    """A second queue, which keeps for 14 days the messages that nobody could handle; none without it."""
    deletion_policy: Literal["Retain", "Delete"] = "Retain"
    """What becomes of the queue, and of the messages in it, when the Microservice is deleted: Retain or Delete. One
    that leaves the spec stays."""
    rules, transitions = _first_in_first_out("queues")


class TopicRef(Model):
    """A topic of a Microservice of the same namespace, which admits this one in its access.from."""

    microservice: PartName
    """Name of the Microservice that declares it; may be this one."""
    name: PartName
    """Name of the topic as it is declared there."""


class Subscription(Model):
    """What is published to a topic arrives in a queue, as it was published."""

    topic: TopicRef
    """The topic."""
    queue: PartName
    """Name of one of spec.queues."""
    filter_policy: Document | None = None
    """Which messages arrive, as SNS writes filter policies, such as {kind: [created]}; all without it."""
    filter_policy_scope: Literal["MessageAttributes", "MessageBody"] = "MessageAttributes"
    """What the filter looks at."""
