"""A linter that knows AWS's own list of actions, resources and condition keys finds nothing in our policies."""

import fnmatch
import json
import subprocess
import sys
from collections.abc import Iterator
from typing import Any

import pytest

from microservice_operator.api.microservice import MicroserviceSpec
from microservice_operator.api.parsing import Identity, Microservice
from microservice_operator.aws.engine.arns import MESSAGING_KEY, TABLE_KEY, Site, arns
from microservice_operator.aws.iam.operator_permissions import OPTIONS
from microservice_operator.aws.iam.operator_policy import operator_policy
from microservice_operator.aws.iam.service_policy import document, grants
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
# Of the resources of one action each has a statement of its own, for what binds the one does not fit the other.
APART = ("rds:CreateDBSnapshot", "rds:ModifyDBInstance")
# In a process of its own: it warns of what it imports, and warnings are errors here.
LINT = """
import json, sys
from parliament import analyze_policy_string
found = analyze_policy_string(sys.stdin.read()).findings
print(json.dumps([[finding.issue, str(finding.detail), str(finding.location)] for finding in found]))
"""
# "Dependent actions": what AWS checks beside the action itself, because the service does it in the caller's name.
DEPENDENT = """
import json
from parliament import iam_definition
print(json.dumps({
    f"{service['prefix']}:{action['privilege']}": sorted(
        {needed for on in action["resource_types"] for needed in on["dependent_actions"]}
    )
    for service in iam_definition for action in service["privileges"]
}))
"""
# Actions that change or delete a resource whose tags IAM can evaluate, and the condition key of each resource type.
WRITES = """
import json
from parliament import iam_definition
print(json.dumps([
    f"{service['prefix']}:{action['privilege']}"
    for service in iam_definition
    for tagged in [{
        kind["resource"] for kind in service["resources"]
        if any("aws:ResourceTag" in key for key in kind["condition_keys"])
    }]
    for action in service["privileges"]
    if action["access_level"] not in ("List", "Read")
    and any(on["resource_type"].rstrip("*") in tagged for on in action["resource_types"])
]))
"""
# Why a write is bound by something else than the tags of what it is done to.
OTHERWISE = {
    "apigateway:DELETE": "an API is, by its id, found by its tags alone; what is on it has none",
    "apigateway:PATCH": "the same",
    "apigateway:POST": "the same",
    "application-autoscaling:DeregisterScalableTarget": "scalable targets of tables get no tags",
    "application-autoscaling:PutScalingPolicy": "the same",
    "application-autoscaling:RegisterScalableTarget": "the same",
    "cloudwatch:DeleteAlarms": "Application Auto Scaling makes the alarms, and gives them no tags; their names bind it",
    "cloudwatch:PutMetricAlarm": "the same",
    "dynamodb:RestoreTableFromBackup": "a restored table gets its tags afterwards, because the call takes none",
    "dynamodb:RestoreTableToPointInTime": "the same",
    "ec2:CreateTags": "also as a group is made, by the call that makes it",
    "ec2:CreateSecurityGroup": "what is made there is marked by the same call",
    "eks:CreatePodIdentityAssociation": "the cluster is one, by its name",
    "iam:CreateRole": "the path of roles names the cluster",
    "iam:CreateServiceLinkedRole": "two roles by their names",
    "iam:DeleteRole": "the path of roles names the cluster",
    "iam:DeleteRolePolicy": "the same",
    "iam:PassRole": "the same",
    "iam:PutRolePermissionsBoundary": "the same",
    "iam:PutRolePolicy": "the same",
    "iam:TagRole": "the same",
    "iam:UntagRole": "the same",
    "iam:UpdateAssumeRolePolicy": "the same",
    "kms:CreateGrant": "keys are the platform's; only RDS, Secrets Manager and DynamoDB may use them for it",
    "kms:Decrypt": "the same",
    "kms:Encrypt": "keys are the platform's; only DynamoDB may use them for it",
    "kms:GenerateDataKey": "the same",
    "kms:GenerateDataKeyWithoutPlaintext": "the same",
    "kms:ReEncryptFrom": "the same",
    "kms:ReEncryptTo": "the same",
    "rds:CreateDBSnapshot": "bound by the instance; the snapshot is not there yet",
    "rds:ModifyDBInstance": "bound by the instance; groups of AWS's own have no tags",
    "rds:AddTagsToResource": "RDS copies tags to a snapshot that it makes of an instance of ours",
    "secretsmanager:CreateSecret": "RDS makes the secret of an instance, by its name",
    "secretsmanager:TagResource": "the same",
}
# Of each why the operator never needs it; everything else that its calls depend on is granted.
NEVER = {
    "rds:CreateTenantDatabase": "databases of tenants are Oracle's",
    "rds:DeleteTenantDatabase": "databases of tenants are Oracle's",
    "secretsmanager:RotateSecret": "only ModifyDBInstance with RotateMasterUserPassword, which is never sent",
    "application-autoscaling:TagResource": "only RegisterScalableTarget with Tags, which are never sent",
}
PASSED = {
    "rds": "a role for monitoring, a domain or an export is never named",
    "sns": "a role for delivery logs is never named",
}


def findings(policy: Any) -> list[list[str]]:
    """What the linter says: issue, detail and place of each finding."""
    command = [sys.executable, "-W", "ignore", "-c", LINT]
    said = subprocess.run(command, input=json.dumps(policy), capture_output=True, text=True, check=True)
    found: list[list[str]] = json.loads(said.stdout)
    return found


def asked(script: str) -> Any:
    """What a script prints that runs where the linter's warnings are none of ours."""
    said = subprocess.run([sys.executable, "-W", "ignore", "-c", script], capture_output=True, text=True, check=True)
    return json.loads(said.stdout)


def service_policy() -> Any:
    service = Microservice(Identity("shop", "order", "uid"), 1, MicroserviceSpec.model_validate(SPEC))
    owner = Owner(OPERATOR["cluster_id"], service.identity)
    site = Site("us-east-1", "123456789012", owner.cluster, owner.name)
    return document(grants(service.spec, arns(site, service, {MESSAGING_KEY: KEY, TABLE_KEY: KEY})))


@pytest.mark.parametrize(
    "policy", [service_policy(), operator_policy(OPERATOR, options=OPTIONS)], ids=["of a service", "of the operator"]
)
def test_nothing_is_found(policy: Any) -> None:
    said = [finding for finding in findings(policy) if finding[0] != PARDONED]
    apart = [one for one in said if one[0] == "RESOURCE_MISMATCH" and any(action in one[1] for action in APART)]
    assert [finding for finding in said if finding not in apart] == []


def test_the_linter_finds_what_is_wrong() -> None:
    wrong = {"Effect": "Allow", "Action": ["dynamodb:GetItems"], "Resource": ["*"]}
    reported = findings({"Version": "2012-10-17", "Statement": [wrong]})
    assert [issue for issue, *_ in reported] == ["UNKNOWN_ACTION"]


def granted(policy: Any, action: str) -> Iterator[dict[str, Any]]:
    """Statements that allow an action."""
    return (statement for statement in policy["Statement"] if action in statement["Action"])


def test_what_a_call_depends_on_is_granted_beside_it() -> None:
    dependent, policy = asked(DEPENDENT), operator_policy(OPERATOR, options=OPTIONS)
    actions = sorted({action for statement in policy["Statement"] for action in statement["Action"]})
    missing = [
        (action, needed)
        for action in actions
        for needed in dependent.get(action, [])
        if needed not in NEVER
        and not (needed == "iam:PassRole" and action.partition(":")[0] in PASSED)
        and not any(granted(policy, needed))
    ]
    assert missing == []
    needs = {needed for action in actions for needed in dependent.get(action, [])}
    assert needs >= NEVER.keys()
    assert {"kms:DescribeKey", "rds:CreateDBSnapshot"} <= needs


def test_what_changes_or_deletes_is_bound_by_the_marks_of_this_cluster() -> None:
    policy, bound = operator_policy(OPERATOR, options=OPTIONS), "Tag/microservice-operator.dev/cluster"
    writes = set(asked(WRITES))
    free = {
        action
        for statement in policy["Statement"]
        for action in statement["Action"]
        if action in writes and bound not in json.dumps(statement.get("Condition", {}))
    }
    assert free <= OTHERWISE.keys()
    assert OTHERWISE.keys() <= {action for s in policy["Statement"] for action in s["Action"]}
    for action in ("dynamodb:DeleteTable", "dynamodb:UpdateTable", "sqs:DeleteQueue", "sns:DeleteTopic"):
        assert action in writes
        (statement,) = granted(policy, action)
        assert "aws:ResourceTag" in json.dumps(statement["Condition"])


def test_a_last_snapshot_needs_no_tags_of_a_request_that_has_none() -> None:
    """DeleteDBInstance creates the snapshot, but has no parameter for its tags."""
    statements = list(granted(operator_policy(OPERATOR, options=OPTIONS), "rds:CreateDBSnapshot"))
    on = {
        kind: [s for s in statements if _covers(s, f"arn:aws:rds:us-east-1:123456789012:{kind}:x")]
        for kind in ("db", "snapshot")
    }
    assert not any("aws:RequestTag" in json.dumps(s) for s in statements)
    assert ["aws:ResourceTag/microservice-operator.dev/cluster" in json.dumps(s) for s in on["db"]] == [True]
    assert ["Condition" in s for s in on["snapshot"]] == [False]


@pytest.mark.parametrize("service", ["rds.amazonaws.com", "dynamodb.application-autoscaling.amazonaws.com"])
def test_an_account_that_never_used_a_service_gets_its_role(service: str) -> None:
    (statement,) = granted(operator_policy(OPERATOR, options=OPTIONS), "iam:CreateServiceLinkedRole")
    assert service in statement["Condition"]["StringEquals"]["iam:AWSServiceName"]
    assert any(f":role/aws-service-role/{service}/AWSServiceRoleFor" in resource for resource in statement["Resource"])
    assert not any("*" in resource for resource in statement["Resource"])


def test_keys_are_used_through_the_services_that_need_them_alone() -> None:
    databases = ["rds.us-east-1.amazonaws.com*", "secretsmanager.us-east-1.amazonaws.com*"]
    tables = "dynamodb.us-east-1.amazonaws.com*"
    for action, services in {
        "kms:CreateGrant": [tables, databases],
        "kms:Decrypt": [tables, databases],
        "kms:GenerateDataKey": [tables, databases],
        "kms:Encrypt": [tables],
        "kms:ReEncryptFrom": [tables],
        "kms:ReEncryptTo": [tables],
    }.items():
        statements = granted(operator_policy(OPERATOR, options=OPTIONS), action)
        assert [statement["Condition"]["StringLike"]["kms:ViaService"] for statement in statements] == services


def _covers(statement: dict[str, Any], arn: str) -> bool:
    return any(fnmatch.fnmatchcase(arn, pattern) for pattern in statement["Resource"])
