"""The calls that the operator makes for a Microservice, and the specs that need them.

In test_hanging each of them hangs: a call without a row fails there, and so does a row without a call.
"""

from typing import Any

CREATION = {
    "kubernetes": (
        "GET microservices",
        "GET secrets",
        "PATCH microservices",
        "PATCH microservices/status",
        "POST deployments",
        "POST events",
        "POST jobs",
        "POST networkpolicies",
        "POST poddisruptionbudgets",
        "POST secrets",
        "POST serviceaccounts",
        "POST services",
    ),
    "aws": (
        "dynamodb:CreateTable",
        "dynamodb:DescribeContinuousBackups",
        "dynamodb:DescribeTable",
        "dynamodb:DescribeTimeToLive",
        "dynamodb:ListTagsOfResource",
        "dynamodb:UpdateContinuousBackups",
        "dynamodb:UpdateTimeToLive",
        "eks:CreatePodIdentityAssociation",
        "eks:DescribePodIdentityAssociation",
        "eks:ListPodIdentityAssociations",
        "iam:CreateRole",
        "iam:GetRole",
        "iam:GetRolePolicy",
        "iam:PutRolePolicy",
        "sns:CreateTopic",
        "sns:GetSubscriptionAttributes",
        "sns:GetTopicAttributes",
        "sns:ListSubscriptionsByTopic",
        "sns:ListTagsForResource",
        "sns:Subscribe",
        "sqs:CreateQueue",
        "sqs:GetQueueAttributes",
        "sqs:GetQueueUrl",
        "sqs:ListQueueTags",
    ),
}
DELETION = {
    "kubernetes": (
        "DELETE deployments",
        "DELETE jobs",
        "GET pods",
        "PATCH microservices",
        "POST events",
    ),
    "aws": (
        "PATCH microservices/status",  # what has a database only may be gone after one reconciliation
        "dynamodb:DeleteTable",
        "dynamodb:DescribeContinuousBackups",
        "dynamodb:DescribeTable",
        "dynamodb:DescribeTimeToLive",
        "dynamodb:ListTagsOfResource",
        "dynamodb:UpdateTable",
        "eks:DeletePodIdentityAssociation",
        "eks:DescribePodIdentityAssociation",
        "eks:ListPodIdentityAssociations",
        "iam:DeleteRole",
        "iam:DeleteRolePolicy",
        "iam:GetRole",
        "iam:GetRolePolicy",
        "sns:DeleteTopic",
        "sns:GetSubscriptionAttributes",
        "sns:GetTopicAttributes",
        "sns:ListSubscriptionsByTopic",
        "sns:ListTagsForResource",
        "sns:Unsubscribe",
        "sqs:DeleteQueue",
        "sqs:GetQueueAttributes",
        "sqs:GetQueueUrl",
        "sqs:ListQueueTags",
    ),
}
ACCOUNT = "sts:GetCallerIdentity"  # verified once for each account and region
ADMIN = "GET platform/secrets"  # the admin login of a shared PostgreSQL server, read once for each resync
SHARED = (ACCOUNT, ADMIN)  # they name no Microservice, and many wait for one answer
POLL = "GET secrets (poll)"  # of all Secrets, one after the other; no reconciliation waits for it

DATABASE: dict[str, Any] = {
    "databases": [{"name": "orders", "deletionPolicy": "Delete", "migration": {"command": ["migrate"]}}]
}


def parts(microservice: str) -> dict[str, Any]:
    """A table, queues, a topic and a subscription, which need a role."""
    table = {"name": "items", "partitionKey": {"name": "id"}, "timeToLiveAttribute": "expires"}
    topic = {"microservice": microservice, "name": "created"}
    return {
        "tables": [{**table, "deletionPolicy": "Delete"}],
        "queues": [{"name": "events", "deletionPolicy": "Delete", "deadLetter": {"maxReceiveCount": 3}}],
        "topics": [{"name": "created", "deletionPolicy": "Delete"}],
        "subscriptions": [{"topic": topic, "queue": "events"}],
    }
