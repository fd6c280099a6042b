"""Access entries of EKS with their policies: "CreateAccessEntry" and its siblings in the Amazon EKS API Reference."""

import time
from collections.abc import MutableMapping
from itertools import count
from typing import Any

from tests.fakes.aws.proxy import Answer, Call

KIND = "application/json"
PLACE = "arn:aws:eks:us-east-1:123456789012"
Entries = MutableMapping[tuple[str, ...], dict[str, Any]]
_ids = count(1)


def answer_access(call: Call, left: Entries) -> Answer:
    """Answer one call about an access entry or a policy of it; `left` has all resources of EKS."""
    key = ("accessentry", call.body["name"], call.body["principalArn"])
    if call.action == "CreateAccessEntry":
        if key in left:
            return _refusal("ResourceInUseException", "The specified access entry resource is already in use", 409)
        left[key] = _entry(call.body)
    if key not in left:
        return _refusal("ResourceNotFoundException", f"The specified principalArn could not be found: {key[2]}", 404)
    entry = left[key]
    if call.action in ("CreateAccessEntry", "DescribeAccessEntry"):
        shown = {name: value for name, value in entry.items() if name != "policies"}
        return Answer(200, {"accessEntry": shown}, KIND)
    if call.action == "DeleteAccessEntry":
        del left[key]
        return Answer(200, {}, KIND)
    return _policies(call, entry)


def _policies(call: Call, entry: dict[str, Any]) -> Answer:
    policies: dict[str, Any] = entry["policies"]
    owner = {"clusterName": entry["clusterName"], "principalArn": entry["principalArn"]}
    if call.action == "ListAssociatedAccessPolicies":
        return Answer(200, {**owner, "associatedAccessPolicies": list(policies.values())}, KIND)
    policy = call.body["policyArn"]
    if call.action == "DisassociateAccessPolicy":
        policies.pop(policy, None)
        return Answer(200, {}, KIND)
    now = time.time()
    policies[policy] = {
        "policyArn": policy,
        "accessScope": {"namespaces": [], **call.body["accessScope"]},
        "associatedAt": now,
        "modifiedAt": now,
    }
    return Answer(200, {**owner, "associatedAccessPolicy": policies[policy]}, KIND)


def _entry(body: dict[str, Any]) -> dict[str, Any]:
    now = time.time()
    return {
        "clusterName": body["name"],
        "principalArn": body["principalArn"],
        "accessEntryArn": f"{PLACE}:access-entry/{body['name']}/role/123456789012/{next(_ids)}",
        "type": body.get("type", "STANDARD"),
        "kubernetesGroups": body.get("kubernetesGroups", []),
        "username": body.get("username", "system:node:{{EC2PrivateDNSName}}"),
        "tags": body.get("tags", {}),
        "createdAt": now,
        "modifiedAt": now,
        "policies": {},
    }


def _refusal(code: str, message: str, status: int) -> Answer:
    return Answer(status, {"__type": code, "message": message}, KIND)
