"""Reconciles and deletes the subscriptions of a Microservice's queues to topics."""

from dataclasses import dataclass, replace
from typing import Any

from ...api.messaging import Subscription
from ...facts import Part, Reason, State
from ...ownership import Ownership
from ...resources import DesiredResource, Removal
from ..engine.arns import name_in_arn
from ..engine.call import Lane
from ..engine.decide import Desired
from ..engine.reconcile_cached import reconcile_cached, remove_uncached
from ..engine.scope import AwsScope
from .fields import SUBSCRIPTION, DesiredRedrive
from .names import queue_arns
from .queue_adapter import SQSQueue
from .subscription_adapter import SNSSubscription, at


@dataclass(frozen=True, kw_only=True)
class DesiredSubscription(DesiredResource[Subscription]):
    """A declared subscription of an existing queue to an existing topic, both by their ARNs.

    `dead_letter` is the ARN of an existing queue, "" if it declares none; `queues` are those of the Microservice.
    """

    topic: str
    queue: str
    dead_letter: str = ""
    queues: frozenset[str] = frozenset()


def subscription_name(spec: Subscription) -> str:
    """Return its name within the Microservice, which is unique because no two have the same ends."""
    return "/".join((spec.queue, spec.topic.microservice, spec.topic.name))


async def reconcile_subscription(scope: AwsScope, desired: DesiredSubscription) -> Part:
    """Take at most one step towards a declared subscription."""
    spec, known_id = desired.spec, desired.id_of(SUBSCRIPTION.name)
    filter_scope = spec.filter_policy_scope if spec.filter_policy else None
    fields: dict[str, Any] = {
        "raw": True,
        "wider": filter_scope,
        "filter": spec.filter_policy,
        "scope": filter_scope,
        "redrive": DesiredRedrive(desired.dead_letter, desired.queues),
    }
    resource = SNSSubscription(scope, (desired.topic, desired.queue), known_id)
    there = at(scope, known_id or desired.topic)
    state = Desired(subscription_name(spec), scope.owner, fields, known_id, recreate=True, at=desired.field)
    return (await reconcile_cached(there, resource, SUBSCRIPTION, state)).part


async def delete_subscription(scope: AwsScope, removal: Removal, topic: str = "") -> Part:
    """Take at most one step to delete a subscription; `topic` is the topic's ARN, "" if it is unknown.

    Without a known id, it is deleted only if its queue is ours. Raises an OperatorError if that cannot be determined.
    """
    name, known_id, queue = removal.name, removal.id_of(SUBSCRIPTION.name), ""
    if not known_id:
        queue = await _our_queue(scope, name.partition("/")[0])
        if not queue or not topic:
            message = f"subscription {name} is deleted"
            return Part("AWS", SUBSCRIPTION.name, name, State.READY, Reason.MESSAGING_DELETED, message)
    resource = SNSSubscription(scope, (known_id.rpartition(":")[0] or topic, queue), known_id, Lane.DELETE)
    return await remove_uncached(
        at(scope, known_id or topic), resource, SUBSCRIPTION, replace(removal, policy="Delete")
    )


async def _our_queue(scope: AwsScope, declared: str) -> str:
    names = tuple(name_in_arn(arn) for arn in queue_arns(scope, declared))
    observed = await SQSQueue(scope, names, Lane.DELETE).observe()
    ours = observed is not None and scope.owner.standing(observed.tags or {}) is Ownership.OURS
    return observed.id if observed and ours else ""
