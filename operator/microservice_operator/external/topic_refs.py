"""PURE: topics of other Microservices as a subscriber sees them: their ARNs, and whether it may subscribe.

There are three answers. A topic has an ARN when its owner allows the subscriber. It is *denied* when the owner refuses.
Everything else (no such Microservice now, one that this operator cannot read, a topic that does not exist yet) is
unknown, and deletes nothing that exists.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from ..api.arns import account_in_arn
from ..api.messaging import TopicRef
from ..aws.engine.scope import AwsScope
from ..aws.messaging.fields import TOPIC
from ..aws.messaging.names import topic_arns
from ..facts import Reason
from ..raw_objects import mappings, text
from .remembered_ids import remembered_ids
from .resource import ReconcileInput


@dataclass(frozen=True)
class TopicLookup:
    """The ARN of a topic, or why there is none; `denied` when its owner refuses the subscriber."""

    arn: str = ""
    reason: Reason = Reason.READY
    message: str = ""
    denied: bool = False


def consented(scope: AwsScope, declared: ReconcileInput, ref: TopicRef) -> TopicLookup:
    """The referenced topic, if its owner allows the subscriber."""
    service = declared.service
    if ref.microservice == service.name:
        topic = next((topic for topic in service.spec.topics or [] if topic.name == ref.name), None)
        return TopicLookup(topic_arns(scope, ref.name, fifo=topic.fifo)[0]) if topic else _missing(ref)
    return _of_another(scope, declared, ref)


def _of_another(scope: AwsScope, declared: ReconcileInput, ref: TopicRef) -> TopicLookup:
    service = declared.service
    body = declared.lookup.microservices.get((service.namespace, ref.microservice))
    if body is None:
        message = (
            f"Microservice {ref.microservice} does not exist in namespace {service.namespace}; "
            "create it or remove the subscription"
        )
        return TopicLookup(reason=Reason.TOPIC_MISSING, message=message)
    spec = body.get("spec")
    admitted = admits(spec, service.name)
    if admitted is None:
        message = f"access.from of Microservice {ref.microservice} cannot be read; see its conditions"
        return TopicLookup(reason=Reason.WAITING, message=message)
    if not admitted:
        message = (
            f"Microservice {ref.microservice} does not allow this one to use its topic {ref.name}; "
            f"add {{microservice: {service.name}}} to its access.from"
        )
        return TopicLookup(reason=Reason.TOPIC_NOT_ADMITTED, message=message, denied=True)
    if ref.name not in {text(topic, "name") for topic in mappings(spec, "topics")}:
        return _missing(ref)
    return _in_status(scope, body.get("status"), ref)


def _in_status(scope: AwsScope, status: object, ref: TopicRef) -> TopicLookup:
    arn = remembered(status, ref.name)
    if not arn:
        message = f"topic {ref.name} of Microservice {ref.microservice} does not exist yet; see its conditions"
        return TopicLookup(reason=Reason.WAITING, message=message)
    account = account_in_arn(arn)
    if account != scope.account_id:
        # SNS would need a policy of the topic for the other account, and SQS one of the queue
        message = (
            f"topic {ref.name} of Microservice {ref.microservice} is in account {account}, but the Environment of this "
            f"Microservice names account {scope.account_id}; use Environments of the same account"
        )
        return TopicLookup(reason=Reason.ACCOUNT_MISMATCH, message=message)
    return TopicLookup(arn)


def admits(spec: object, subscriber: str) -> bool | None:
    """Whether a spec names the subscriber in `access.from`; `None` if that cannot be read.

    Read as plain data, so that an unknown field elsewhere in the spec does not remove the consent. An allowed
    namespace may call the owner, but not subscribe to its topics.
    """
    if not isinstance(spec, Mapping):
        return None
    access = spec.get("access") or {}
    callers = (access.get("from") or []) if isinstance(access, Mapping) else None
    if not isinstance(callers, list) or not all(isinstance(caller, Mapping) for caller in callers):
        return None
    return any(caller.get("microservice") == subscriber for caller in callers)


def remembered(status: object, name: str) -> str:
    """The ARN of a topic in a Microservice's status."""
    return remembered_ids(status).get((TOPIC.name, name), "")


def topic_of(subscription: str) -> str:
    """The topic's ARN within the ARN of a subscription: `arn:aws:sns:REGION:ACCOUNT:TOPIC:ID`."""
    return subscription.rpartition(":")[0]


def _missing(ref: TopicRef) -> TopicLookup:
    message = f"Microservice {ref.microservice} declares no topic {ref.name}; add it there or remove the subscription"
    return TopicLookup(reason=Reason.TOPIC_MISSING, message=message)
