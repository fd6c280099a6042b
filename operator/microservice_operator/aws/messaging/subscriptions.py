"""Reconciles and deletes the subscriptions of a Microservice's queues to topics."""

from dataclasses import dataclass

from ...api.messaging import Subscription
from ...facts import Part, Reason, State
from ...ownership import Ownership
from ..engine.arns import name_in_arn
from ..engine.call import Lane
from ..engine.decide import Deletion, Desired
from ..engine.reconcile_cached import reconcile_cached, remove_uncached
from ..engine.scope import AwsScope
from .fields import SUBSCRIPTION
from .names import queue_arns
from .queue_adapter import SQSQueue
from .subscription_adapter import SNSSubscription, at


@dataclass(frozen=True)
class WantedSubscription:
    """A declared subscription of an existing queue to an existing topic, both by their ARNs."""

    spec: Subscription
    topic: str
    queue: str
    known_id: str = ""
    field: str = "spec.subscriptions"


@dataclass(frozen=True)
class LeavingSubscription:
    """A subscription that is no longer declared; `topic` is the topic's ARN, "" if it is unknown."""

    name: str
    topic: str = ""
    known_id: str = ""


def subscription_name(spec: Subscription) -> str:
    """Return its name within the Microservice, which is unique because no two have the same ends."""
    return "/".join((spec.queue, spec.topic.microservice, spec.topic.name))


async def reconcile_subscription(scope: AwsScope, wanted: WantedSubscription) -> Part:
    """Take at most one step towards a declared subscription."""
    spec = wanted.spec
    filter_scope = spec.filter_policy_scope if spec.filter_policy else None
    fields = {"raw": True, "wider": filter_scope, "filter": spec.filter_policy, "scope": filter_scope}
    resource = SNSSubscription(scope, (wanted.topic, wanted.queue), wanted.known_id)
    name = subscription_name(spec)
    desired = Desired(name, scope.owner, fields, wanted.known_id, recreate=True, at=wanted.field)
    return await reconcile_cached(at(scope, wanted.known_id or wanted.topic), resource, SUBSCRIPTION, desired)


async def delete_subscription(scope: AwsScope, leaving: LeavingSubscription) -> Part:
    """Take at most one step to delete a subscription.

    Without a known id, it is deleted only if its queue is ours. Raises an OperatorError if that cannot be determined.
    """
    name, queue = leaving.name, ""
    if not leaving.known_id:
        queue = await _our_queue(scope, name.partition("/")[0])
        if not queue or not leaving.topic:
            message = f"subscription {name} is deleted"
            return Part("AWS", SUBSCRIPTION.name, name, State.READY, Reason.MESSAGING_DELETED, message)
    topic = leaving.known_id.rpartition(":")[0] or leaving.topic
    resource = SNSSubscription(scope, (topic, queue), leaving.known_id, Lane.DELETE)
    there = at(scope, leaving.known_id or leaving.topic)
    return await remove_uncached(there, resource, SUBSCRIPTION, Deletion(name, scope.owner, "Delete", leaving.known_id))


async def _our_queue(scope: AwsScope, declared: str) -> str:
    names = tuple(name_in_arn(arn) for arn in queue_arns(scope, declared))
    observed = await SQSQueue(scope, names, Lane.DELETE).observe()
    ours = observed is not None and scope.owner.standing(observed.tags or {}) is Ownership.OURS
    return observed.id if observed and ours else ""
