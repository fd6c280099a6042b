"""The questions to IAM's simulation cover every right, with values that meet its conditions."""

import pytest

from microservice_operator.aws.iam.operator_permissions import RIGHTS, Option
from microservice_operator.aws.iam.simulation import denied, questions

VALUES = {
    "partition": "aws",
    "region": "eu-west-1",
    "account_id": "123456789012",
    "cluster_id": "f2c0",
    "cluster_name": "prod",
    "permissions_boundary_arn": "arn:aws:iam::123456789012:policy/boundary",
}
SERVICES = {right.service for right in RIGHTS}


@pytest.mark.parametrize("options", [(), (Option.ACCESS_LOGS,), tuple(Option)])
def test_every_action_is_asked_about(options: tuple[Option, ...]) -> None:
    asked = {action for question in questions(VALUES, SERVICES, options) for action in question.actions}
    assert asked == {action for right in RIGHTS if right.option in (None, *options) for action in right.granted}


def test_no_question_has_a_placeholder_or_a_wildcard() -> None:
    for question in questions(VALUES, SERVICES):
        for text in (question.resource, *(value for _, value in question.context)):
            assert "$" not in text
            assert text == "*" or "*" not in text


@pytest.mark.parametrize(
    ("service", "resource", "key", "value"),
    [
        ("iam", "arn:aws:iam::123456789012:role/microservice-operator/f2c0/conformance", "iam:PermissionsBoundary",
         VALUES["permissions_boundary_arn"]),
        ("application-autoscaling",
         "arn:aws:iam::123456789012:role/aws-service-role/rds.amazonaws.com/AWSServiceRoleForRDS",
         "iam:AWSServiceName", "rds.amazonaws.com"),
        ("rds", "arn:aws:kms:eu-west-1:123456789012:key/conformance", "kms:ViaService", "rds.eu-west-1.amazonaws.com"),
        ("sqs", "arn:aws:sqs:eu-west-1:123456789012:conformance", "aws:ResourceTag/microservice-operator.dev/cluster",
         "f2c0"),
    ],
)  # fmt: skip
def test_conditions_are_met(service: str, resource: str, key: str, value: str) -> None:
    met = [dict(each.context) for each in questions(VALUES, {service}) if each.resource == resource]
    assert {key: value}.items() <= next(context for context in met if key in context).items()


def test_what_the_environment_does_not_use_is_left_out() -> None:
    without = {key: value for key, value in VALUES.items() if key not in ("cluster_name", "permissions_boundary_arn")}
    assert questions(without, {"eks"}) == ()
    actions = {action for question in questions(without, {"iam"}) for action in question.actions}
    assert "iam:CreateRole" not in actions
    assert "iam:DeleteRole" in actions


def test_what_is_not_allowed_is_denied() -> None:
    decisions = {"a:A": "allowed", "a:B": "implicitDeny", "a:C": "explicitDeny"}
    results = [{"EvalActionName": action, "EvalDecision": decision} for action, decision in decisions.items()]
    assert denied(results) == {"a:B", "a:C"}
