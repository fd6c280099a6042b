"""Changes of a running Microservice, and how many calls each takes: more would be a loop, fewer would be a gap.

`tests/whole/rows.py` has a change of each field of a database, table, topic and queue. This file has their numbers of
calls, and changes of the parts that have no rows there.
"""

from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from microservice_operator.aws.engine.rules import Effect
from tests.whole.rows import Row
from tests.whole.spec import IRSA, PATHS

from .world import World

Spec = Mapping[str, Any]
# Fields with more than one call: one change each of DynamoDB and of Application Auto Scaling, or one for each thing
MORE = {
    ("databases", "version"): 4,  # a parameter group with its parameters, a snapshot, the upgrade
    ("tables", "billingMode"): 5,  # the table, and a target and a policy for reads and for writes
    ("tables", "capacity.read.min"): 2,
    ("tables", "capacity.write.min"): 2,
    ("queues", "deadLetter.maxReceiveCount"): 2,  # the dead letter queue, then its source
}


def calls_of(section: str, row: Row) -> int:
    """How many calls a change of this field takes."""
    match row.label:
        case None:
            return 0
        case Effect.REPLACE:
            return 2
        case _:
            return MORE.get((section, row.field), 1)


@dataclass(frozen=True)
class Change:
    """One change of parts that depend on each other; `act` changes what is not in the spec."""

    name: str
    before: Spec
    after: Spec
    calls: Counter[str]
    act: Callable[[World], object] = field(default=lambda _world: None)
    later: int = 0  # further looks, because a table waits for the rights of its role


def _subscribed(**more: Any) -> Spec:
    """A queue that subscribes to a topic of the same Microservice."""
    return {
        "topics": [{"name": "created", "deletionPolicy": "Delete"}],
        "queues": [{"name": "events", "deletionPolicy": "Delete"}],
        "subscriptions": [{"topic": {"microservice": "<name>", "name": "created"}, "queue": "events", **more}],
    }


def _api(auth: Spec = {"none": True}) -> Spec:  # noqa: B006 never changed
    return {"api": {"openAPI": {"configMapKeyRef": {"name": "openapi", "key": "openapi.json"}}, "auth": auth}}


def _jwt(*audiences: str) -> Spec:
    return _api({"jwt": {"issuer": "https://issuer.example", "audiences": list(audiences)}})


_FILTER = {"filterPolicy": {"kind": ["created"]}}
_TAGGED = {
    **_subscribed(),
    "tables": [{"name": "carts", "partitionKey": {"name": "id"}, "deletionProtection": False}],
    "tags": {"team": "shop", "old": "tag"},
}
CHANGES = (
    Change(  # SNS hides the scope while there is no filter: both are written
        "a filter", _subscribed(), _subscribed(**_FILTER), Counter(SetSubscriptionAttributes=2)
    ),
    Change(
        "a filter of the body",
        _subscribed(),
        _subscribed(**_FILTER, filterPolicyScope="MessageBody"),
        Counter(SetSubscriptionAttributes=2),
    ),
    Change(
        "another filter",
        _subscribed(**_FILTER),
        _subscribed(filterPolicy={"kind": ["paid", {"prefix": "x"}]}),
        Counter(SetSubscriptionAttributes=1),
    ),
    Change("no filter", _subscribed(**_FILTER), _subscribed(), Counter(SetSubscriptionAttributes=1)),
    Change(
        "no subscription",
        _subscribed(),
        {**_subscribed(), "subscriptions": []},
        Counter(Unsubscribe=1, SetQueueAttributes=1),
    ),
    Change(
        "another tag, and one fewer",
        _TAGGED,
        {**_TAGGED, "tags": {"team": "shop", "new": "tag"}},
        Counter(TagResource=2, UntagResource=2, TagQueue=1, UntagQueue=1),
    ),
    Change(
        "a route more and one fewer",
        _api(),
        _api(),
        Counter(CreateRoute=1, DeleteRoute=1),
        lambda world: world.publish({"/orders": {"get": {}}, "/orders/{orderId}": {"get": {}, "delete": {}}}),
    ),
    Change(
        "an authorizer",
        _api(),
        _jwt("shop"),
        Counter(CreateAuthorizer=1, CreateIntegration=1, UpdateRoute=len(PATHS) + 1, DeleteIntegration=1),
    ),
    Change(  # an authorizer may be that of another Microservice's routes, too
        "another audience",
        _jwt("shop"),
        _jwt("shop", "admin"),
        Counter(CreateAuthorizer=1, UpdateRoute=len(PATHS) + 1, DeleteAuthorizer=1),
    ),
    Change(
        "no authorizer",
        _jwt("shop"),
        _api(),
        Counter(CreateIntegration=1, UpdateRoute=len(PATHS) + 1, DeleteAuthorizer=1, DeleteIntegration=1),
    ),
    Change(
        "pods that ask for their role themselves",
        _subscribed(),
        _subscribed(),
        Counter(DeletePodIdentityAssociation=1, UpdateAssumeRolePolicy=1),
        lambda world: world.aws_spec.update(identity=IRSA),
    ),
    Change(
        "a boundary",
        _subscribed(),
        _subscribed(),
        Counter(PutRolePermissionsBoundary=1),
        lambda world: world.aws_spec.update(permissionsBoundaryARN=world.account.boundaries[1]),
    ),
    Change(
        "another key",
        _TAGGED,
        _TAGGED,
        Counter(PutRolePolicy=1, UpdateTable=1, SetQueueAttributes=1, SetTopicAttributes=1),
        lambda world: world.aws_spec.update(messagingKeyARN=world.account.keys[1], tableKeyARN=world.account.keys[1]),
        later=3,
    ),
)


def named(spec: Spec, name: str) -> dict[str, Any]:
    """The spec for a Microservice of this name."""
    listed = [{**entry, "topic": {**entry["topic"], "microservice": name}} for entry in spec.get("subscriptions", [])]
    return {**spec, "subscriptions": listed} if "subscriptions" in spec else dict(spec)
