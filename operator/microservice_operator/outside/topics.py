"""PURE: topics of other Microservices as one that subscribes sees them: where they are, and whether it may."""

from dataclasses import dataclass

from .. import cloud
from ..api.messaging import TopicRef
from ..facts import Reason
from .sorts import Wanted


@dataclass(frozen=True)
class Found:
    """A topic's ARN, or why there is none to subscribe to."""

    arn: str = ""
    reason: Reason = Reason.READY
    message: str = ""


def consented(place: cloud.Place, wanted: Wanted, ref: TopicRef) -> Found:
    """The topic that is referred to, if its owner admits the one that refers."""
    service = wanted.service
    if ref.microservice == service.name:
        declared = next((topic for topic in service.spec.topics or [] if topic.name == ref.name), None)
        return Found(cloud.topic_arns(place, ref.name, fifo=declared.fifo)[0]) if declared else _missing(ref)
    found = wanted.neighbours.dependency((service.namespace, ref.microservice))
    if found is None:
        message = (
            f"Microservice {ref.microservice} does not exist in namespace {service.namespace}; "
            "create it or remove the subscription"
        )
        return Found(reason=Reason.TOPIC_MISSING, message=message)
    body, owner = found
    access = owner.spec.access if owner else None
    admitted = [caller.microservice for caller in (access.from_ if access else None) or []]
    # a whole namespace may call the owner, not hear what it tells
    if owner is None or service.name not in admitted:
        message = (
            f"Microservice {ref.microservice} does not admit this one to its topic {ref.name}; "
            f"add {{microservice: {service.name}}} to its access.from"
        )
        return Found(reason=Reason.TOPIC_NOT_ADMITTED, message=message)
    if not any(topic.name == ref.name for topic in owner.spec.topics or []):
        return _missing(ref)
    arn = remembered((body.get("status") or {}).get("resources"), ref.name)
    if not arn:
        message = f"topic {ref.name} of Microservice {ref.microservice} is not there yet; look at its conditions"
        return Found(reason=Reason.WAITING, message=message)
    return Found(arn)


def remembered(resources: object, name: str) -> str:
    """ARN of a topic in a Microservice's status."""
    listed = resources if isinstance(resources, list) else []
    found = (entry for entry in listed if (entry.get("kind"), entry.get("name")) == (cloud.TOPIC.name, name))
    return next((str(entry.get("id", "")) for entry in found), "")


def _missing(ref: TopicRef) -> Found:
    message = f"Microservice {ref.microservice} declares no topic {ref.name}; add it there or remove the subscription"
    return Found(reason=Reason.TOPIC_MISSING, message=message)
