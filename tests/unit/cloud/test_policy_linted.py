"""A linter that knows AWS's own list of actions, resources and condition keys finds nothing in our policies."""

import json
import subprocess
import sys
from typing import Any

import pytest

from microservice_operator.api.microservice import MicroserviceSpec
from microservice_operator.api.objects import Identity, Microservice
from microservice_operator.cloud.policy import document, grants
from microservice_operator.cloud.policy_arns import Site, arns
from microservice_operator.cloud.policy_operator import operator_policy
from microservice_operator.ownership import Owner

KEY = "arn:aws:kms:us-east-1:123456789012:key/0b5c8f3a-7c0e-4b43-9a52-0d2f6f1f0c11"
INDEX = {"name": "byAge", "partitionKey": {"name": "age"}}
SPEC = {
    "image": "shop/x:1",
    "tables": [
        {
            "name": access.lower(),
            "partitionKey": {"name": "id"},
            "access": access,
            "streamViewType": "KeysOnly",
            "globalSecondaryIndexes": [INDEX],
        }
        for access in ("ReadWrite", "ReadOnly", "WriteOnly")
    ],
    "topics": [{"name": "created"}, {"name": "in-order", "fifo": True}],
    "queues": [{"name": "events", "deadLetter": {"maxReceiveCount": 5}}],
}
OPERATOR = {
    "partition": "aws",
    "region": "us-east-1",
    "account_id": "123456789012",
    "cluster_id": "0b5c8f3a-7c0e-4b43-9a52-0d2f6f1f0c11",
    "cluster_name": "prod",
    "permissions_boundary_arn": "arn:aws:iam::123456789012:policy/boundary",
}
# AWS's own example compares the ARN of a boundary as a string ("Delegating responsibility to others using permissions
# boundaries"), and so does the operator's policy.
PARDONED = "MISMATCHED_TYPE_BUT_USABLE"
# In a process of its own: it warns of what it imports, and warnings are errors here.
LINT = """
import json, sys
from parliament import analyze_policy_string
found = analyze_policy_string(sys.stdin.read()).findings
print(json.dumps([[finding.issue, str(finding.detail), str(finding.location)] for finding in found]))
"""


def findings(policy: Any) -> list[list[str]]:
    """What the linter says: issue, detail and place of each finding."""
    command = [sys.executable, "-W", "ignore", "-c", LINT]
    said = subprocess.run(command, input=json.dumps(policy), capture_output=True, text=True, check=True)
    found: list[list[str]] = json.loads(said.stdout)
    return found


def service_policy() -> Any:
    service = Microservice(Identity("shop", "order", "uid"), 1, MicroserviceSpec.model_validate(SPEC))
    owner = Owner(OPERATOR["cluster_id"], service.identity)
    site = Site("us-east-1", "123456789012", owner.cluster, owner.name)
    return document(grants(service.spec, arns(site, service, KEY)))


@pytest.mark.parametrize(
    "policy", [service_policy(), operator_policy(OPERATOR)], ids=["of a service", "of the operator"]
)
def test_nothing_is_found(policy: Any) -> None:
    assert [finding for finding in findings(policy) if finding[0] != PARDONED] == []


def test_the_linter_finds_what_is_wrong() -> None:
    wrong = {"Effect": "Allow", "Action": ["dynamodb:GetItems"], "Resource": ["*"]}
    found = findings({"Version": "2012-10-17", "Statement": [wrong]})
    assert [issue for issue, *_ in found] == ["UNKNOWN_ACTION"]
