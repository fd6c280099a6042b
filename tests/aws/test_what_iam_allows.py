"""A simulator of IAM decides every call of all tests of this folder by the operator's policy.

It runs after the others because of its name.
"""

from collections.abc import Callable, Mapping

import pytest

from microservice_operator import names
from microservice_operator.aws.iam.operator_permissions import OPTIONS
from microservice_operator.aws.iam.operator_policy import operator_policy
from tests.aws.conftest import skip_unless_all_ran
from tests.fakes.aws.authorization import ACCOUNT, ASKED
from tests.fakes.aws.iam_requests import Request
from tests.tools.iam_simulator import Verdict, simulate

OTHER = "210987654321"  # an account with its own copy of the policy, which decides about its resources
BOUNDARY = f"arn:aws:iam::{ACCOUNT}:policy/boundary"
POLICY = operator_policy(
    {
        "partition": "aws",
        "region": "us-east-1",
        "account_id": ACCOUNT,
        "cluster_id": "cluster",
        "cluster_name": "prod",
        "permissions_boundary_arn": BOUNDARY,
    },
    [
        f"arn:aws:iam::{OTHER}:role/platform/operator",
        *(f"arn:aws:iam::{id_}:role/operator" for id_ in (ACCOUNT, OTHER)),
    ],
    OPTIONS,
)
MARK = names.TAG_CLUSTER
BOUNDED = ("iam:CreateRole", "iam:DeleteRolePolicy", "iam:PutRolePermissionsBoundary", "iam:PutRolePolicy")
# What tests do on purpose that the policy of this one cluster must deny.
DENIED: Mapping[str, Callable[[Request, Mapping[str, str]], object]] = {
    "a role without the boundary of the policy": lambda request, context: (
        request.action in BOUNDED and context.get("iam:PermissionsBoundary") != BOUNDARY
    ),
    "another account's": lambda request, _: f":{OTHER}:" in request.resource and not request.action.startswith("sts:"),
    "a role that is not listed": lambda request, _: request.resource.endswith("role/untrusted"),
    "another cluster's": lambda request, context: (
        {context.get(f"aws:RequestTag/{MARK}"), context.get(f"aws:ResourceTag/{MARK}")} - {None, "cluster"}
        or (request.action.startswith("eks:") and "/prod" not in request.resource)
    ),
}


@pytest.fixture(scope="module")
def verdicts() -> dict[Request, Verdict]:
    statements = [{**statement, "Sid": f"s{number}"} for number, statement in enumerate(POLICY["Statement"])]
    asked = [(request.action, request.resource, dict(request.context)) for request in ASKED]
    return dict(zip(ASKED, simulate(ACCOUNT, {**POLICY, "Statement": statements}, asked), strict=True))


def _on_purpose(request: Request) -> bool:
    return any(rule(request, dict(request.context)) for rule in DENIED.values())


def test_iam_allows_every_call(verdicts: dict[Request, Verdict]) -> None:
    if not verdicts:
        pytest.skip("no test of this folder ran before")
    denied = sorted(
        f"{ASKED[request]} needs {request.action} on {request.resource} with {dict(request.context)}: {verdict.result}"
        for request, verdict in verdicts.items()
        if not verdict.allowed and not _on_purpose(request)
    )
    assert not denied, "\n".join(denied)
    ignored = {(request.action, key) for request, verdict in verdicts.items() for key in verdict.ignored}
    assert ignored == set(), "the action does not have this condition key"


def test_every_action_is_needed(verdicts: dict[Request, Verdict], request: pytest.FixtureRequest) -> None:
    skip_unless_all_ran(request)
    needed = {asked.action for asked, verdict in verdicts.items() if verdict.allowed}
    assert {action for statement in POLICY["Statement"] for action in statement["Action"]} <= needed


def test_every_statement_is_needed(verdicts: dict[Request, Verdict], request: pytest.FixtureRequest) -> None:
    skip_unless_all_ran(request)
    decisive = {statement for verdict in verdicts.values() for statement in verdict.statements}
    unused = [
        statement
        for number, statement in enumerate(POLICY["Statement"])
        # the simulator names no statement for API Gateway
        if f"s{number}" not in decisive and not statement["Action"][0].startswith("apigateway:")
    ]
    assert unused == []


def test_the_simulator_knows_resource_types_and_condition_keys() -> None:
    """A request that makes no sense is an error and no silent denial."""
    table, tag = f"arn:aws:dynamodb:us-east-1:{ACCOUNT}:table/t", {f"aws:ResourceTag/{MARK}": "cluster"}
    asked: list[tuple[str, str, dict[str, str]]] = [
        ("dynamodb:DeleteTable", table, tag),
        ("dynamodb:DeleteTable", table, {}),
        ("dynamodb:DeleteTable", table, {f"aws:ResourceTag/{MARK}": "other"}),
        ("dynamodb:DeleteTable", table.replace(ACCOUNT, "210987654321"), tag),
        ("dynamodb:DeleteTable", f"arn:aws:sqs:us-east-1:{ACCOUNT}:q", tag),
        ("dynamodb:DropTable", table, tag),
        ("dynamodb:DeleteTable", table, {**tag, "rds:DatabaseEngine": "postgres"}),
        ("kms:CreateGrant", f"arn:aws:kms:us-east-1:{ACCOUNT}:key/k", {"kms:ViaService": "s3.us-east-1.amazonaws.com"}),
    ]
    assert [(verdict.result, verdict.ignored) for verdict in simulate(ACCOUNT, POLICY, asked)] == [
        ("Allowed", ()),
        ("ImplicitlyDenied", ()),
        ("ImplicitlyDenied", ()),
        ("ImplicitlyDenied", ()),
        ('{"message":"no.resource.types"}', ()),
        ('{"message":"invalid.action"}', ()),
        ("Allowed", ("rds:DatabaseEngine",)),
        ("ImplicitlyDenied", ()),
    ]
