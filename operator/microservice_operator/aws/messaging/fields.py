"""PURE: the field rules of topics, queues and subscriptions.

None of them counts as lost: the messages of a deleted queue are gone in any case, so the operator creates it again.
"""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from ...api.arns import account_in_arn
from ...api.messaging import AWSSource
from ...facts import Part, Reason
from ..engine.arns import name_in_arn
from ..engine.fields import Field, Reasons, ResourceSchema
from ..engine.policy_documents import Document, same_policy
from ..engine.rules import Change, Outcome, Rule, exact, if_given, immutable
from ..engine.tags import owned_tags

_FIFO = immutable("restore it, or declare one with another name")
_NOT_THERE = (Reason.MESSAGING_CREATING, Reason.MESSAGING_DELETING, Reason.CONFLICT)
_REASONS = Reasons(
    creating=Reason.MESSAGING_CREATING,
    created=Reason.MESSAGING_CREATED,
    updating=Reason.MESSAGING_UPDATING,
    deleting=Reason.MESSAGING_DELETING,
    deleted=Reason.MESSAGING_DELETED,
    retained=Reason.MESSAGING_RETAINED,
    lost=Reason.MESSAGING_CREATING,
    unusable=Reason.CONFLICT,  # they have no unusable state
)


def reachable(part: Part) -> bool:
    """Whether the service can use a topic or a queue; a running or refused change does not prevent it."""
    return bool(part.id) and part.reason not in _NOT_THERE


def same_filter(desired: Document | None, observed: Document | None) -> Outcome:
    """Rule: ignore the order of keys and of alternatives; the order of the terms of a range counts."""
    return None if _canonical(desired or {}) == _canonical(observed or {}) else Change(desired or {})


def widened(desired: str | None, observed: str | None) -> Outcome:
    """Rule: switch a filter to message bodies before it uses terms that only bodies have, and back after it.

    Without a filter, AWS does not show the scope: it is written together with the filter.
    """
    return Change(desired) if observed and desired == "MessageBody" != observed else None


@dataclass(frozen=True)
class DesiredRedrive:
    """The ARN of a subscription's dead-letter queue, "" if it declares none, and those of the Microservice's queues."""

    arn: str
    own: frozenset[str] = frozenset()


def redriven(desired: DesiredRedrive, observed: str) -> Outcome:
    """Rule: use the declared queue; without one, only a queue of the Microservice itself is given up."""
    if desired.arn == observed or (not desired.arn and observed not in desired.own):
        return None
    name = name_in_arn(desired.arn)
    return Change(
        desired.arn, f"sending undeliverable messages to {name}" if name else "giving up its dead-letter queue"
    )


def encrypted_with(own: str, service: str) -> Rule:
    """Return the rule of a key: its ARN, or `own`, which stands for the keys of the service itself."""

    def rule(desired: str, observed: str) -> Outcome:
        if desired == observed:
            return None
        what = f"the own keys of {service}" if desired == own else f"KMS key {desired}"
        return Change(desired, f"encrypting it with {what}")

    return rule


OWN_KEYS = "SQS"  # encrypted with keys that SQS manages

TOPIC = ResourceSchema(
    name="Topic",
    fields=(
        Field("fifo", _FIFO, "fifo"),
        Field("tags", owned_tags, "tags"),
        Field("policy", same_policy, "the policy"),
        Field("key", encrypted_with("", "SNS"), "the Environment's aws.messagingKeyARN"),
        Field("deduplication", if_given, "contentBasedDeduplication"),
    ),
    reasons=_REASONS,
)


def _queue(name: str) -> ResourceSchema:
    attributes = "attributes"
    return ResourceSchema(
        name=name,
        fields=(
            Field("fifo", _FIFO, "fifo"),
            Field("tags", owned_tags, "tags"),
            Field("policy", same_policy, "the policy", step=attributes),
            Field(
                "encryption", encrypted_with(OWN_KEYS, "SQS"), "the Environment's aws.messagingKeyARN", step=attributes
            ),
            Field("visibility", exact, "visibilityTimeoutSeconds", step=attributes),
            # "SetQueueAttributes": "MessageRetentionPeriod … can take up to 15 minutes"
            Field("retention", exact, "retention", step=attributes, shows=900),
            Field("delay", exact, "delaySeconds", step=attributes),
            Field("wait", exact, "receiveWaitTimeSeconds", step=attributes),
            Field("redrive", exact, "deadLetter", step=attributes),
            Field("deduplication", if_given, "contentBasedDeduplication", step=attributes),
        ),
        reasons=_REASONS,
    )


QUEUE, DEAD_LETTER_QUEUE = _queue("Queue"), replace(_queue("DeadLetterQueue"), named_by="queue")
SUBSCRIPTION = ResourceSchema(
    name="Subscription",
    fields=(
        Field("raw", exact, "raw delivery"),
        Field("wider", widened, "filterPolicyScope", step="scope"),
        Field("filter", same_filter, "filterPolicy"),
        Field("scope", if_given, "filterPolicyScope"),
        Field("redrive", redriven, "deadLetterQueue"),
    ),
    reasons=_REASONS,
)


def _only_tls(service: str, arn: str) -> dict[str, Any]:
    """Return the statement that denies requests without TLS."""
    return {
        "Sid": "OnlyTLS",
        "Effect": "Deny",
        "Principal": {"AWS": "*"},
        "Action": "sqs:*" if service == "sqs" else "sns:Publish",
        "Resource": arn,
        "Condition": {"Bool": {"aws:SecureTransport": "false"}},
    }


def _from_aws(action: str, arn: str, sources: Iterable[AWSSource]) -> list[dict[str, Any]]:
    """Return the statements that let AWS services send for these resources.

    "The confused deputy problem" in the IAM User Guide: an ARN without an account needs aws:SourceAccount beside it.
    """
    of_account = {"StringEquals": {"aws:SourceAccount": account_in_arn(arn)}}
    return [
        {
            "Effect": "Allow",
            "Principal": {"Service": source.service},
            "Action": action,
            "Resource": arn,
            "Condition": {
                "ArnEquals": {"aws:SourceArn": source.source_arn},
                **({} if account_in_arn(source.source_arn) else of_account),
            },
        }
        for source in sources
    ]


def topic_policy(arn: str, sources: Iterable[AWSSource] = ()) -> Document:
    """Return a topic's policy: the roles of this account and these AWS resources may publish."""
    return {"Version": "2012-10-17", "Statement": [_only_tls("sns", arn), *_from_aws("sns:Publish", arn, sources)]}


def queue_policy(arn: str, topics: tuple[str, ...] = (), sources: Iterable[AWSSource] = ()) -> Document:
    """Return a queue's policy: the roles of this account, these topics and these AWS resources may send."""
    statements = [_only_tls("sqs", arn), *_from_aws("sqs:SendMessage", arn, sources)]
    if topics:
        statements.append(
            {
                "Sid": "SubscribedTopics",
                "Effect": "Allow",
                "Principal": {"Service": "sns.amazonaws.com"},
                "Action": "sqs:SendMessage",
                "Resource": arn,
                "Condition": {"ArnEquals": {"aws:SourceArn": sorted(topics)}},
            }
        )
    return {"Version": "2012-10-17", "Statement": statements}


def _canonical(value: Any, key: str = "") -> Any:
    if isinstance(value, Mapping):
        return {name: _canonical(entry, name) for name, entry in value.items()}
    if isinstance(value, list | tuple):
        entries = [_canonical(entry) for entry in value]
        return entries if key == "numeric" else sorted(entries, key=lambda entry: json.dumps(entry, sort_keys=True))
    if isinstance(value, bool):
        return ("boolean", value)  # because Python compares True with 1 as equal
    return value
