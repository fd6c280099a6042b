"""The report certifies only what was checked and holds."""

import pytest

from microservice_operator.aws.engine.call import Measured
from microservice_operator.conformance.report import ActionCalls, Check, Report, Result, by_action, content, text


def report(*results: Result, leftovers: tuple[str, ...] = ()) -> Report:
    checks = [Check(f"check {number}", result, "reason") for number, result in enumerate(results)]
    return Report("prod", "123456789012", "eu-west-1", checks, [], list(leftovers))


@pytest.mark.parametrize(
    ("given", "certified", "verdict"),
    [
        (report(Result.OK, Result.OK), True, "certified: 2 ok"),
        (report(Result.OK, Result.FAILED), False, "not certified: 1 ok, 1 failed"),
        (report(Result.NOT_CHECKED), False, "not certified: 1 not checked"),
        (
            report(Result.OK, leftovers=("arn:a",)),
            False,
            "not certified: 1 ok; 1 resources are left; delete them with --clean",
        ),
    ],
)
def test_the_verdict(given: Report, certified: bool, verdict: str) -> None:
    assert given.certified is certified
    assert content(given)["certified"] is certified
    assert text(given).splitlines()[-1] == verdict


def test_calls_are_summarized_by_action() -> None:
    calls = [
        Measured("sqs", "CreateQueue", "OK", 0.010),
        Measured("sqs", "CreateQueue", "AccessDenied", 0.030),
        Measured("sqs", "CreateQueue", "AccessDenied", 0.050),
        Measured("sns", "CreateTopic", "OK", 0.001),
    ]
    assert by_action(calls) == [
        ActionCalls("sns:CreateTopic", 1, 1, 1, {}),
        ActionCalls("sqs:CreateQueue", 3, 30, 50, {"AccessDenied": 2}),
    ]


def test_checks_that_were_not_made_for_one_reason_share_a_row() -> None:
    unmade = [Check(name, Result.NOT_CHECKED, "no account") for name in ("region", "VPC", "listener")]
    given = Report("prod", "1", "eu-west-1", [Check("account", Result.FAILED, "denied"), *unmade], [], [])
    assert text(given).splitlines()[2:] == [
        "CHECK              RESULT       SECONDS  REASON",
        "account            failed       0.0      denied",
        "region and 2 more  not checked  0.0      no account",
        "",
        "not certified: 1 failed, 3 not checked",
    ]
    assert [check["name"] for check in content(given)["checks"]] == ["account", "region", "VPC", "listener"]


def test_the_table_for_people() -> None:
    given = Report("prod", "1", "eu-west-1", [Check("VPC", Result.OK, seconds=0.5)], by_action([]), ["arn:a"])
    assert text(given).splitlines() == [
        "Environment prod: account 1, region eu-west-1",
        "",
        "CHECK  RESULT  SECONDS  REASON",
        "VPC    ok      0.5",
        "",
        "left in the account:",
        "  arn:a",
        "",
        "not certified: 1 ok; 1 resources are left; delete them with --clean",
    ]
