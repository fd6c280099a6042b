"""A spec with every part and every field of it that MiniStack keeps."""

from typing import Any

from tests.whole.spec import every_part

FED = [{"service": "events.amazonaws.com", "sourceARN": "arn:aws:events:us-east-1:123456789012:rule/a"}]


def everything(service: str) -> dict[str, Any]:
    """All parts of `every_part`, further tables, and FIFO queues and topics; nothing is retained."""
    spec = every_part(service, "Delete")
    spec["tables"] += [_sorted(), _provisioned()]
    spec["topics"] += [{"name": "paid", "fifo": True, "contentBasedDeduplication": True, "deletionPolicy": "Delete"}]
    spec["topics"][0]["awsSources"] = FED
    spec["queues"] += [_fifo(), _slow()]
    spec["subscriptions"] += [
        {
            "topic": {"microservice": service, "name": "paid"},
            "queue": "paid",
            "filterPolicy": {"order": {"total": [{"numeric": [">", 100]}]}},
            "filterPolicyScope": "MessageBody",
        }
    ]
    return spec


def _sorted() -> dict[str, Any]:
    return {
        "name": "orders",
        "partitionKey": {"name": "id"},
        "sortKey": {"name": "at", "type": "N"},
        "localSecondaryIndexes": [
            {"name": "byTotal", "sortKey": {"name": "total", "type": "N"}, "projection": "Include", "include": ["who"]}
        ],
        "pointInTimeRecovery": False,
        "deletionProtection": False,
        "access": "ReadOnly",
        "deletionPolicy": "Delete",
    }


def _provisioned() -> dict[str, Any]:
    bounds = {"min": 1, "max": 4}
    return {
        "name": "sessions",
        "partitionKey": {"name": "id"},
        "billingMode": "Provisioned",
        "capacity": {"read": bounds, "write": bounds},
        "globalSecondaryIndexes": [{"name": "byOwner", "partitionKey": {"name": "owner"}, "projection": "KeysOnly"}],
        "deletionPolicy": "Delete",
    }


def _fifo() -> dict[str, Any]:
    return {
        "name": "paid",
        "fifo": True,
        "contentBasedDeduplication": True,
        "deadLetter": {"maxReceiveCount": 5},
        "deletionPolicy": "Delete",
    }


def _slow() -> dict[str, Any]:
    return {
        "name": "mail",
        "visibilityTimeoutSeconds": 60,
        "retention": "12h",
        "delaySeconds": 5,
        "receiveWaitTimeSeconds": 20,
        "awsSources": FED,
        "deletionPolicy": "Delete",
    }
