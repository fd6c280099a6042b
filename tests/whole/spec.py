"""A spec with every type of AWS resource, and the resources that it creates, in order."""

from collections import Counter
from collections.abc import Iterable
from typing import Any

LISTENER = "arn:aws:elasticloadbalancing:us-east-1:123456789012:listener/app/shop/50dc6c495c0c9188/f2f7dc8efc522ab2"
POD_IDENTITY = {"type": "PodIdentity", "clusterName": "prod"}
IRSA = {"type": "IRSA", "oidcProviderARN": "arn:aws:iam::123456789012:oidc-provider/oidc.example/id/1"}
SIZES = {"small": "db.t4g.small", "medium": "db.m7g.large"}
PATHS: dict[str, Any] = {"/orders": {"get": {}, "post": {}}, "/orders/{orderId}": {"get": {}}}
MADE = Counter[str](
    CreateApi=1,
    CreateDBInstance=1,
    CreateDBParameterGroup=1,
    CreateDBSubnetGroup=1,
    CreateIntegration=1,
    CreatePodIdentityAssociation=1,
    CreateQueue=2,
    CreateRole=1,
    CreateRoute=3,
    CreateSecurityGroup=1,
    CreateStage=1,
    CreateTable=1,
    CreateTopic=1,
    Subscribe=1,
)
KINDS = {
    "API",
    "DatabaseInstance",
    "ParameterGroup",
    "PodIdentityAssociation",
    "Queue",
    "Role",
    "SecurityGroup",
    "SubnetGroup",
    "Subscription",
    "Table",
    "Topic",
}
KEPT = {"DatabaseInstance", "ParameterGroup", "Queue", "SecurityGroup", "SubnetGroup", "Table"}
BEFORE = (
    ("CreateSecurityGroup", "CreateDBInstance"),
    ("CreateDBSubnetGroup", "CreateDBInstance"),
    ("CreateDBParameterGroup", "CreateDBInstance"),
    ("CreateRole", "CreatePodIdentityAssociation"),
    ("CreateTopic", "Subscribe"),
    ("CreateQueue", "Subscribe"),
    ("CreateApi", "CreateStage"),
    ("CreateApi", "CreateIntegration"),
    ("CreateIntegration", "CreateRoute"),
)
BEFORE_GOING = (
    ("Unsubscribe", "DeleteTopic"),
    ("Unsubscribe", "DeleteQueue"),
    ("DeletePodIdentityAssociation", "DeleteRole"),
    ("DeleteRolePolicy", "DeleteRole"),
    ("DeleteRoute", "DeleteIntegration"),
    ("DeleteIntegration", "DeleteApi"),
    ("DeleteDBInstance", "DeleteDBSubnetGroup"),
    ("DeleteDBInstance", "DeleteDBParameterGroup"),
    ("DeleteDBInstance", "DeleteSecurityGroup"),
)


def every_part(service: str, policy: str = "") -> dict[str, Any]:
    """Everything that AWS can give, the policy of each part as given or the default."""
    chosen = {"deletionPolicy": policy} if policy else {}
    index = {"name": "byOwner", "partitionKey": {"name": "owner"}, "sortKey": {"name": "at", "type": "N"}}
    table = {
        "name": "carts",
        "partitionKey": {"name": "id"},
        "globalSecondaryIndexes": [index],
        "timeToLiveAttribute": "expires",
        "streamViewType": "NewImage",
    }
    topic = {"microservice": service, "name": "created"}
    return {
        "tags": {"team": "shop"},
        "databases": [{"name": "orders", "parameters": {"work_mem": "8192"}, **chosen}],
        "tables": [{**table, **chosen}],
        "topics": [{"name": "created", **chosen}],
        "queues": [{"name": "events", "deadLetter": {"maxReceiveCount": 3}, **chosen}],
        "subscriptions": [{"topic": topic, "queue": "events", "filterPolicy": {"kind": ["created"]}}],
        "api": {"openAPI": {"configMapKeyRef": {"name": "openapi", "key": "openapi.json"}}, "auth": {"none": True}},
    }


def made(actions: Iterable[str]) -> Counter[str]:
    """How often each thing was made."""
    return Counter(each for each in actions if each.startswith(("Create", "Subscribe")) and each != "CreateTags")


def in_order(actions: list[str], order: Iterable[tuple[str, str]]) -> None:
    """All of the first come before any of the second."""
    for first, second in order:
        last = len(actions) - 1 - actions[::-1].index(first)
        assert last < actions.index(second), (first, second, actions)
