"""Compares the operator's policy with the calls that all tests of this folder made: no permission is missing or unused.

It runs last because of its name. The check for unused permissions needs a run of all tests.
"""

import json
import re
from pathlib import Path

import pytest
import yaml
from typer.testing import CliRunner

from microservice_operator.aws.iam.operator_permissions import ASSUME_ROLES, FREE, OPTIONS, RIGHTS
from microservice_operator.aws.iam.operator_policy import calls, services
from microservice_operator.cli import application
from microservice_operator.cli.permissions import page
from tests.aws.conftest import skip_unless_all_ran
from tests.fakes.aws.proxy import SEEN

ROOT = Path(__file__).parents[2]
MODULE = ROOT / "manifests/terraform/operator-iam"


def policy(*options: str) -> str:
    """The output of `permissions`."""
    words = ["permissions", *options]
    return CliRunner().invoke(application(words), words).stdout


def test_every_call_is_granted() -> None:
    granted = calls() | calls([ASSUME_ROLES])
    assert {call for call in SEEN if call not in FREE and call[0] in services()} <= granted
    assert {service for service, _ in SEEN - FREE} <= {*services(), "sts"}
    assert {call for call in SEEN - FREE if call[0] == "sts"} <= granted


def test_nothing_is_granted_that_is_not_called(request: pytest.FixtureRequest) -> None:
    skip_unless_all_ran(request)
    assert calls() | calls([ASSUME_ROLES]) <= SEEN


def test_rights_are_narrow() -> None:
    for right in RIGHTS:
        assert right.granted
        assert right.why
        assert not [action for action in right.granted if "*" in action]
        assert all(action.partition(":")[0] for action in right.granted)
    assert {"dynamodb", "iam", "eks"} <= services()


def test_nothing_reaches_what_is_not_the_operators_without_being_asked_for() -> None:
    """No item of a table, no backup and no log of others, unless an option says so."""
    granted = {action for statement in json.loads(policy())["Statement"] for action in statement["Action"]}
    reaching = {action for right in RIGHTS if right.option for action in right.granted}
    assert {"dynamodb:GetItem", "dynamodb:RestoreTableFromBackup", "logs:PutResourcePolicy"} <= reaching
    assert granted & reaching == set()


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (("--environment-role-arn", "arn:aws:iam::*:role/x"), "is not the ARN of an IAM role"),
        (("--only", "restores", "--with", "access-logs"), "shows one option alone"),
    ],
)
def test_a_policy_that_would_be_too_wide_or_not_as_asked_is_refused(options: tuple[str, ...], message: str) -> None:
    words = ["permissions", *options]
    ended = CliRunner().invoke(application(words), words)
    assert ended.exit_code == 2
    assert message in " ".join(ended.output.replace("│", "").split())


def test_a_policy_that_iam_would_refuse_is_told() -> None:
    words = [
        "permissions",
        *(f"--{name}={value}" for name, value in LONG.items()),
        *(f"--with={each}" for each in OPTIONS),
    ]
    ended = CliRunner().invoke(application(words), words)
    assert ended.exit_code == 0
    assert "but IAM allows 10240 for all inline policies of a role" in ended.stderr


def test_no_role_can_be_widened_without_the_boundary() -> None:
    widening = {"iam:CreateRole", "iam:PutRolePolicy", "iam:PutRolePermissionsBoundary"}
    for right in RIGHTS:
        if widening & set(right.granted):
            assert right.condition["StringEquals"] == {"iam:PermissionsBoundary": "${permissions_boundary_arn}"}
        assert "iam:AttachRolePolicy" not in right.granted
        assert "iam:DeleteRolePermissionsBoundary" not in right.granted
        if right.service == "iam" and right.calls != ("GetRole",):
            assert all("/microservice-operator/${cluster_id}/" in resource for resource in right.resources)


def test_the_files_are_up_to_date() -> None:
    said = "run: microservice-operator permissions > manifests/terraform/operator-iam/policy.json.tftpl, and --docs"
    assert (MODULE / "policy.json.tftpl").read_text(encoding="utf-8") == policy(), said
    for option in OPTIONS:
        said = f"run: microservice-operator permissions --only {option} > {MODULE}/{option}.json.tftpl"
        assert (MODULE / f"{option}.json.tftpl").read_text(encoding="utf-8") == policy(f"--only={option}"), said
    assert (ROOT / "docs/operator-iam.md").read_text(encoding="utf-8") == page(), said


LONG = {
    "region": "ap-southeast-2",
    "account-id": "123456789012",
    "cluster-id": "0b5c8f3a-7c0e-4b43-9a52-0d2f6f1f0c11",
    "cluster-name": "production-of-the-whole-shop-in-sydney",
    "permissions-boundary-arn": "arn:aws:iam::123456789012:policy/boundaries/production-shop-service-boundary",
}


def test_a_whole_policy_has_no_placeholder_left_and_fits() -> None:
    """With long names and five roles of Environments; an option is a managed policy, of 6,144 characters at most."""
    values = [f"--{name}={value}" for name, value in LONG.items()]
    roles = [
        f"--environment-role-arn=arn:aws:iam::21098765432{id_}:role/operators/microservice-operator" for id_ in range(5)
    ]
    rendered = policy(*values, *roles)
    assert "$" not in rendered
    assert len(re.sub(r"\s", "", rendered)) <= 10_240
    for option in OPTIONS:
        alone = policy(*values, f"--only={option}")
        assert "$" not in alone
        assert len(re.sub(r"\s", "", alone)) <= 6_144
    assert json.loads(rendered)["Version"] == "2012-10-17"
    assert yaml.safe_load(policy("--output=yaml")) == json.loads(policy())


def test_only_listed_roles_may_be_assumed() -> None:
    assert "sts:" not in policy()
    roles = [f"arn:aws:iam::{account}:role/operator" for account in ("210987654321", "333333333333")]
    rendered = json.loads(policy(*(f"--environment-role-arn={role}" for role in roles)))
    (statement,) = (each for each in rendered["Statement"] if "sts:AssumeRole" in each["Action"])
    assert statement == {"Effect": "Allow", "Action": ["sts:AssumeRole", "sts:TagSession"], "Resource": roles}
