"""A run by the answers of AWS: what it may not change, and what it finds."""

from typing import Any

import pytest

from microservice_operator import names
from microservice_operator.conformance.report import Check, Result
from microservice_operator.conformance.sample import CLUSTER_ID
from tests.unit.conformance.account import ACCOUNT, environment, run

FOREIGN = "arn:aws:sqs:eu-west-1:123456789012:queue"
TABLES = dict.fromkeys(("apiGateway", "identity", "messagingKeyARN"))


def tagged(uid: str) -> dict[str, Any]:
    """A queue with the cluster id of the sample."""
    tags = [{"Key": names.TAG_CLUSTER, "Value": CLUSTER_ID}, {"Key": names.TAG_UID, "Value": uid}]
    return {"ResourceTagMappingList": [{"ResourceARN": FOREIGN, "Tags": tags}], "PaginationToken": ""}


async def test_a_sample_that_may_not_be_created_is_reported_and_looked_for() -> None:
    report, clients = await run(given=environment(**TABLES), create=True)
    results = {check.name: check for check in report.checks}
    assert results["create"].result is Result.FAILED
    assert "dynamodb:CreateTable" in results["create"].reason
    assert results["change: tags"] == Check("change: tags", Result.NOT_CHECKED, "a step before it failed")
    assert 60 < results["create"].seconds < 90
    assert results["nothing is left by tag"].result is Result.OK
    assert {call.action for call in clients.calls if call.changes} >= {"CreateTable", "CreateTopic", "CreateQueue"}
    assert not report.certified


async def test_what_has_the_tag_of_no_run_stops_the_run() -> None:
    report, clients = await run({"GetResources": tagged("0b5e")}, create=True)
    assert report.leftovers == [FOREIGN]
    assert not any(call.changes for call in clients.calls)
    assert report.checks[-1].name == "delete what earlier runs left"
    assert FOREIGN in report.checks[-1].reason


async def test_what_stays_tagged_after_its_deletion_is_left() -> None:
    answers = {"GetResources": tagged("conformance-0123abcd"), "DescribeSecurityGroups": {"SecurityGroups": []}}
    report, _ = await run(answers, environment(**TABLES), clean=True)
    assert report.leftovers == [FOREIGN]
    assert report.checks[-1].reason == f"left: {FOREIGN}"


async def test_what_may_not_be_deleted_is_left() -> None:
    left = {"GetResources": tagged("conformance-0123abcd"), "DescribeSecurityGroups": {"SecurityGroups": []}}
    answers = {**left, "DescribeTable": "AccessDenied"}
    report, clients = await run(answers, environment(**TABLES), clean=True)
    assert report.leftovers == [FOREIGN]
    assert "Table items" in report.checks[-1].reason
    assert "DeleteTable" not in {call.action for call in clients.calls}


@pytest.mark.parametrize("lists", ["GetResources", "ListRoles", "ListPodIdentityAssociations"])
async def test_without_a_list_nothing_is_created(lists: str) -> None:
    report, clients = await run({lists: "AccessDenied"}, create=True)
    assert report.checks[-1].result is Result.NOT_CHECKED
    assert lists in report.checks[-1].reason
    assert not any(call.changes for call in clients.calls)


async def test_roles_and_associations_are_found_by_path_and_namespace() -> None:
    tags = {names.TAG_CLUSTER: CLUSTER_ID, names.TAG_UID: "0b5e"}
    role = {"Arn": "arn:role", "Tags": [{"Key": key, "Value": value} for key, value in tags.items()]}
    ours = {"associationArn": "arn:association", "tags": tags}
    report, _ = await run(
        {
            "ListRoles": {"Roles": [{"RoleName": "r"}], "IsTruncated": False},
            "GetRole": {"Role": role},
            "ListPodIdentityAssociations": {"associations": [{"associationId": "a"}]},
            "DescribePodIdentityAssociation": {"association": ours},
        },
        clean=True,
    )
    assert report.leftovers == ["arn:association", "arn:role"]


async def test_the_role_of_a_session_is_read_for_its_path() -> None:
    session = f"arn:aws:sts::{ACCOUNT}:assumed-role/operator/session"
    role = f"arn:aws:iam::{ACCOUNT}:role/platform/operator"
    denied = [{"EvalActionName": "sqs:TagQueue", "EvalDecision": "explicitDeny"}]
    report, _ = await run(
        {
            "GetCallerIdentity": {"Account": ACCOUNT, "Arn": session},
            "GetRole": {"Role": {"Arn": role}},
            "SimulatePrincipalPolicy": {"EvaluationResults": denied},
        }
    )
    [check] = [check for check in report.checks if check.name == "permissions for sqs"]
    assert check.reason == f"{role} lacks sqs:TagQueue; add it to the policy"


async def test_another_account_is_asked_nothing_else() -> None:
    report, clients = await run({"GetCallerIdentity": {"Account": "999999999999", "Arn": "arn"}}, create=True)
    assert {call.action for call in clients.calls} == {"GetCallerIdentity"}
    assert report.checks[0].result is Result.FAILED
    assert {check.result for check in report.checks[1:]} == {Result.NOT_CHECKED}


async def test_an_answer_that_nobody_expects_is_a_failure_and_no_end(caplog: pytest.LogCaptureFixture) -> None:
    report, clients = await run({"DescribeVpcs": {"Vpcs": 1}, "DescribeTable": {"Table": {}}}, create=True)
    failed = {check.name: check.reason for check in report.checks if check.result is Result.FAILED}
    assert failed["VPC"] == "internal error: TypeError: 'int' object is not iterable; report this as a bug"
    assert failed["create"].startswith("internal error: KeyError")
    assert failed["delete"].startswith("internal error: KeyError")
    assert {check.name for check in report.checks} >= {"subnets", "nothing is left by tag"}
    assert "VPC failed" in caplog.text
    assert {call.action for call in clients.calls} >= {"CreateTopic", "CreateQueue"}  # not held up by the table
