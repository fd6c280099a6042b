"""Whole runs: only reads, or a sample of everything, which is deleted whatever happens."""

import asyncio
from typing import Any

import pytest

from microservice_operator import names
from microservice_operator.conformance.checks import Failed
from microservice_operator.conformance.lifecycle import Sample, new_sample
from microservice_operator.conformance.report import Report, Result
from microservice_operator.conformance.sample import (
    CLUSTER_ID,
    Run,
    Version,
    first_version,
    run_of,
    sample_environment,
)
from microservice_operator.conformance.timing import Timing
from tests.fakes.aws.proxy import Call
from tests.fakes.aws.tagging import resources

from .conftest import World


def unmet(report: Report) -> list[tuple[str, str, str]]:
    """Each check that is not ok."""
    return [(check.name, check.result, check.reason) for check in report.checks if check.result is not Result.OK]


def left(world: World) -> list[str]:
    """ARNs of everything that runs have left, and the names of their roles."""
    marked = [arn for arn, tags in resources(world.layer.aws) if tags.get(names.TAG_CLUSTER) == CLUSTER_ID]
    path = f"/microservice-operator/{CLUSTER_ID}/"
    roles = world.prepared.clients["iam"].list_roles(PathPrefix=path)["Roles"]
    return marked + [role["RoleName"] for role in roles]


async def test_by_default_it_only_reads(world: World) -> None:
    report = await world.run()
    assert unmet(report) == []
    assert report.certified
    assert world.proxy.writes() == []


async def test_one_of_everything_is_created_changed_and_deleted(world: World) -> None:
    report = await world.run(create=True, database=True)
    assert unmet(report) == []
    assert report.certified
    written = {call.action for call in report.calls}
    assert written >= {
        "apigatewayv2:CreateRoute",
        "application-autoscaling:RegisterScalableTarget",
        "dynamodb:UpdateTimeToLive",
        "eks:CreatePodIdentityAssociation",
        "iam:DeleteRole",
        "rds:DeleteDBInstance",
        "sns:SetSubscriptionAttributes",
        "sqs:UntagQueue",
    }
    assert all(call.count > 0 and call.p50_ms <= call.max_ms for call in report.calls)
    assert left(world) == []


async def test_an_environment_with_no_more_than_an_account(world: World) -> None:
    bare = dict.fromkeys(("apiGateway", "identity", "messagingKeyARN", "permissionsBoundaryARN"))
    report = await world.run(world.prepared.environment(**bare), create=True)
    assert unmet(report) == []
    assert {call.service for call in world.proxy.calls if call.changes} == {
        "application-autoscaling",
        "dynamodb",
        "sns",
        "sqs",
    }
    assert left(world) == []


@pytest.mark.parametrize("writes", [1, 4, 12, 30])
async def test_an_interrupted_run_deletes_what_it_created(world: World, writes: int) -> None:
    task: asyncio.Task[Report] | None = None
    loop = asyncio.get_running_loop()

    def interrupt(call: Call) -> None:
        if call.changes and len(world.proxy.writes()) == writes and task:
            loop.call_soon_threadsafe(task.cancel)

    world.layer.before = interrupt
    task = asyncio.create_task(world.run(create=True, database=True))
    report = await task
    assert ("run to the end", "failed", "interrupted") in unmet(report)
    assert not report.certified
    assert report.leftovers == []
    assert left(world) == []


class Killed(BaseException):
    """The process ended without a chance to delete anything."""


async def test_the_next_run_deletes_what_a_killed_one_left(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as patch:
        patch.setattr(type(world), "sleep", _killed_after(world, 8))
        with pytest.raises(Killed):
            await world.run(create=True, database=True)
    assert left(world) != []
    report = await world.run(clean=True)
    assert unmet(report) == []
    assert [check.name for check in report.checks] == [
        "credentials and account",
        "region",
        "delete what earlier runs left",
    ]
    assert left(world) == []


def _killed_after(world: World, sleeps: int) -> Any:
    original, slept = type(world).sleep, []

    async def sleep(self: World, seconds: float) -> None:
        slept.append(seconds)
        if len(slept) > sleeps:
            raise Killed
        await original(self, seconds)

    return sleep


async def test_it_touches_nothing_that_is_not_its_own(world: World) -> None:
    sqs, sns = world.prepared.clients["sqs"], world.prepared.clients["sns"]
    foreign = {
        # a name that a run could choose, of the operator of a cluster
        "conformance-c-00000000-work-1": {names.TAG_CLUSTER: "f2c0", names.TAG_UID: "conformance-00000000"},
        "with-the-tag-and-no-run": {names.TAG_CLUSTER: CLUSTER_ID, names.TAG_UID: "0b5e"},
        "untagged": {},
    }
    urls = [sqs.create_queue(QueueName=name, tags=tags)["QueueUrl"] for name, tags in foreign.items()]
    topic = sns.create_topic(Name="orders")["TopicArn"]
    before = [sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["All"])["Attributes"] for url in urls]
    try:
        report = await world.run(create=True)
        [(name, result, reason)] = unmet(report)
        assert (name, result) == ("delete what earlier runs left", "failed")
        assert "not touched: arn:aws:sqs:us-east-1:123456789012:with-the-tag-and-no-run" in reason
        assert report.leftovers == ["arn:aws:sqs:us-east-1:123456789012:with-the-tag-and-no-run"]
        assert world.proxy.writes() == []  # a person must look at it before anything is created

        sqs.delete_queue(QueueUrl=urls[1])
        assert unmet(await world.run(create=True)) == []
        after = [sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["All"])["Attributes"] for url in urls[::2]]
        assert after == before[::2]
        assert sns.get_topic_attributes(TopicArn=topic)
    finally:
        for url in urls[::2]:
            sqs.delete_queue(QueueUrl=url)
        sns.delete_topic(TopicArn=topic)


async def test_deleted_resources_that_keep_their_tags_for_a_while(world: World) -> None:
    world.layer.tagging.gone_looks = 3
    report = await world.run(create=True)
    assert unmet(report) == []
    assert report.certified


async def test_resources_that_keep_their_tags_are_left(world: World) -> None:
    world.layer.tagging.gone_looks = 1000
    report = await world.run(create=True)
    assert [name for name, _, _ in unmet(report)] == ["nothing is left by tag"]
    assert any(arn.startswith("arn:aws:dynamodb:") for arn in report.leftovers)
    assert not report.certified


async def test_another_account_gets_no_call(world: World) -> None:
    report = await world.run(world.prepared.environment(accountID="999999999999"), create=True)
    assert {call.action for call in world.proxy.calls} == {"GetCallerIdentity"}
    name, result, reason = unmet(report)[0]
    assert (name, result) == ("credentials and account", "failed")
    assert "the operator's credentials belong to account 123456789012" in reason
    assert {result for _, result, _ in unmet(report)[2:]} == {"not checked"}


def small_sample(world: World) -> tuple[Sample, Version]:
    """A sample without a role and routes, settled by the test."""
    run = Run("0123abcd")
    given = world.prepared.environment(apiGateway=None, identity=None)
    environment = sample_environment(given, run)
    sample = new_sample(run, environment, world.clients, Timing(lambda: world.now, world.sleep))
    return sample, first_version(environment, run, database=False)


async def test_a_reconciliation_that_writes_again_is_a_failure(world: World) -> None:
    sample, first = small_sample(world)
    await sample.settle(first, 900)
    await sample.verify_quiet(first)
    sqs = world.prepared.clients["sqs"]
    [url] = [url for url in sqs.list_queues()["QueueUrls"] if "0123abcd-work" in url and "dead" not in url][:1]
    sqs.untag_queue(QueueUrl=url, TagKeys=["cost-center"])
    with pytest.raises(Failed, match="called sqs:TagQueue; report this as a bug"):
        await sample.verify_quiet(first)
    await sample.delete(first, 900)
    await sample.verify_gone(first, 0)
    assert left(world) == []


async def test_what_never_settles_ends_after_its_time(world: World) -> None:
    sample, first = small_sample(world)
    world.layer.aws.sqs.absent_looks = 1_000_000
    with pytest.raises(Failed, match="Queue work"):
        await sample.settle(first, 20)
    world.layer.aws.sqs.absent_looks = 0
    world.layer.aws.sqs._absent.clear()
    await sample.delete(first, 900)
    assert left(world) == []


def test_only_the_tags_of_a_run_name_it() -> None:
    uid = "conformance-0123abcd"
    assert run_of({names.TAG_CLUSTER: CLUSTER_ID, names.TAG_UID: uid}) == run_of(
        {names.TAG_CLUSTER: CLUSTER_ID, names.TAG_ENVIRONMENT: uid}
    )
    for tags in (
        {},
        {names.TAG_UID: uid},
        {names.TAG_CLUSTER: "f2c0", names.TAG_UID: uid},
        {names.TAG_CLUSTER: CLUSTER_ID},
        {names.TAG_CLUSTER: CLUSTER_ID, names.TAG_UID: f"{uid}-again"},
    ):
        assert run_of(tags) is None
