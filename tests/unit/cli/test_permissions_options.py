"""`permissions` refuses values that AWS would not accept in the policy."""

import pytest
from typer.testing import CliRunner

from microservice_operator.cli import application


@pytest.mark.parametrize(
    ("option", "value", "words"),
    [
        ("--region", "eu", "a Region such as eu-central-1"),
        ("--account-id", "1234", "the 12 digits of an account ID"),
        ("--cluster-id", "a b", "an ID of lower-case letters, digits and hyphens"),
        ("--cluster-name", "-", "the name of an EKS cluster"),
        ("--permissions-boundary-arn", "boundary", "the ARN of a policy"),
        ("--environment-role-arn", "arn:aws:iam::123456789012:role/*", "the ARN of an IAM role"),
    ],
)
def test_a_value_of_another_form_is_refused(option: str, value: str, words: str) -> None:
    result = CliRunner(env={"COLUMNS": "200"}).invoke(application(["permissions"]), ["permissions", option, value])
    assert result.exit_code == 2
    assert f"Invalid value for {option}: {value} is not {words}" in result.output
    assert '"Statement"' not in result.output
