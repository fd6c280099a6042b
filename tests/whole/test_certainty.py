"""Uncertain observations delete nothing: another account or region, missing rights, faults, delayed reads.

Each case runs during creation, in the ready state and during deletion. Nothing in AWS changes, and no part reports that
a resource is lost or has another owner.
"""

import json
import re
from collections.abc import Callable
from typing import Any

import pytest

from microservice_operator.aws.engine.expectations import Expectations
from microservice_operator.facts import Part, Reason, State
from tests.fakes.aws.proxy import Answer, Call, Emulator

from .faults import broken, denied, says, throttled
from .holdings import shared
from .spec import MADE, made
from .world import World, troubled

OTHER = "210987654321"
ANOTHER_REGION = "eu-west-1"
ENDED = {
    Reason.CONFLICT,
    Reason.TABLE_DELETED,
    Reason.TABLE_LOST,
    Reason.TABLE_RETAINED,
    Reason.DATABASE_DELETED,
    Reason.DATABASE_LOST,
    Reason.DATABASE_RETAINED,
    Reason.MESSAGING_DELETED,
    Reason.MESSAGING_RETAINED,
    Reason.IDENTITY_DELETED,
    Reason.API_DELETED,
    Reason.CHILD_DELETED,
}
ABSENT = {
    "apigateway": "NotFoundException",
    "dynamodb": "ResourceNotFoundException",
    "eks": "ResourceNotFoundException",
    "iam": "NoSuchEntity",
    "secretsmanager": "ResourceNotFoundException",
    "sns": "NotFound",
    "sqs": "QueueDoesNotExist",
}
RDS_ABSENT = {
    "DescribeDBSubnetGroups": "DBSubnetGroupNotFoundFault",
    "DescribeDBSnapshots": "DBSnapshotNotFound",
    "DescribeDBParameters": "DBParameterGroupNotFound",
}


def nothing(call: Call) -> Answer | None:
    """What an account, or a region, says in which nothing of ours is; writes are answered as ever."""
    if call.service == "sts" or call.changes:
        return None
    if call.action in ("GetApis", "ListPodIdentityAssociations"):
        return Answer(200, {"items": [], "associations": []}, "application/json")
    if call.service == "ec2":
        return Answer(200, b"<DescribeSecurityGroupsResponse><securityGroupInfo/></DescribeSecurityGroupsResponse>")
    if call.service == "rds" and "DBInstanceIdentifier" not in call.body and call.action == "DescribeDBInstances":
        empty = b"<DescribeDBInstancesResponse><DescribeDBInstancesResult><DBInstances/></DescribeDBInstancesResult>"
        return Answer(200, empty + b"</DescribeDBInstancesResponse>", "text/xml")
    if call.service == "rds" and call.action == "DescribeDBParameterGroups" and len(call.body) == 2:
        named = b"<DescribeDBParameterGroupsResponse><DescribeDBParameterGroupsResult><DBParameterGroups/>"
        end = b"</DescribeDBParameterGroupsResult></DescribeDBParameterGroupsResponse>"
        return Answer(200, named + end, "text/xml")
    code = ABSENT.get(call.service) or RDS_ABSENT.get(call.action, "DBInstanceNotFound")
    return says(call, code, "not there", 404)


def elsewhere(call: Call) -> Answer | None:
    """The credentials are another account's."""
    if call.service != "sts":
        return nothing(call)
    body = f"<GetCallerIdentityResponse><GetCallerIdentityResult><Account>{OTHER}</Account></GetCallerIdentityResult>"
    return Answer(200, f"{body}</GetCallerIdentityResponse>".encode(), "text/xml")


def nobody(call: Call) -> Answer | None:
    """STS does not say whose the credentials are."""
    return broken(call) if call.service == "sts" else nothing(call)


def moved(call: Call) -> Answer | None:
    """The region that the Environment names now has nothing of ours; IAM is the same in all regions."""
    return nothing(call) if call.region == ANOTHER_REGION and call.service != "iam" else None


UNCERTAIN: dict[str, Callable[[Call], Answer | None]] = {
    "another account": elsewhere,
    "an unknown account": nobody,
    "no rights": denied,
    "throttled": throttled,
    "failing": broken,
    "another region": moved,
}


def disturb(world: World, how: str) -> None:
    """As after a restart of the operator, with what has become of AWS."""
    world.external.clients.aws.verified_accounts.clear()
    world.external.clients.aws.expectations = Expectations(60, lambda: world.now)
    world.pass_time(600)
    world.faults.rule = UNCERTAIN[how]
    if how == "another region":
        gateway, region = world.aws_spec["apiGateway"], world.aws_spec["region"]
        elsewhere = gateway["listenerARN"].replace(region, ANOTHER_REGION)  # an Environment has one region
        world.aws_spec |= {"region": ANOTHER_REGION, "apiGateway": {**gateway, "listenerARN": elsewhere}}


def unchanged(world: World, parts: tuple[Part, ...], known: dict[Any, str]) -> None:
    """No part reports a deletion, and no id was removed from the status."""
    assert {part.reason for part in parts} & ENDED == set(), troubled(parts)
    assert not any(event.reason in ENDED for part in parts for event in part.events)
    assert not any(part.state in (State.READY, State.RETAINED) for part in parts if part.id), troubled(parts)
    assert {at: world.known.get(at) for at in known} == known


@pytest.mark.parametrize("how", set(UNCERTAIN) - {"another region"})
async def test_nothing_is_made(world: World, how: str) -> None:
    world.external.clients.aws.verified_accounts.clear()
    world.faults.rule = UNCERTAIN[how]
    for _ in range(3):
        parts = (await world.step(world.every_part("Delete"))).parts
        assert not any(part.state is State.READY for part in parts)
        world.advance(parts)
    assert world.accepted() == []


@pytest.mark.parametrize("how", UNCERTAIN)
async def test_what_stands_stays(world: World, how: str) -> None:
    spec = world.every_part("Delete")
    await world.ready(spec)
    before, done, known = world.holdings(), len(world.accepted()), dict(world.known)
    disturb(world, how)
    for _ in range(3):
        parts = (await world.step(spec)).parts
        unchanged(world, parts, known)
        world.advance(parts)
    assert (world.holdings(), world.accepted()[done:]) == (before, [])


@pytest.mark.parametrize("how", UNCERTAIN)
async def test_a_deletion_waits(world: World, how: str) -> None:
    await world.ready(world.every_part("Delete"))
    before, done, known = world.holdings(), len(world.accepted()), dict(world.known)
    # a database goes with its instance; the id of a subscription names its region, whatever the Environment says
    certain = {"Database", *(["Subscription"] if how == "another region" else [])}
    disturb(world, how)
    for _ in range(3):
        parts = await world.leave_once()
        unchanged(world, tuple(part for part in parts if part.kind not in certain), {})
        assert {at: world.known.get(at) for at in known if at[0] not in certain} == {
            at: id_ for at, id_ in known.items() if at[0] not in certain
        }
        world.advance(parts)
    after = {what: tags for what, tags in before.items() if what.split()[0] not in certain}
    assert {**before, **world.holdings()} == before
    assert world.holdings().keys() >= after.keys()
    assert world.accepted()[done:] == ["Unsubscribe"] * ("Subscription" in certain)


@pytest.mark.parametrize("how", set(UNCERTAIN) - {"another region"})
async def test_a_deletion_waits_for_what_no_status_remembers(world: World, how: str) -> None:
    await world.ready(world.every_part("Delete"))
    before, done = world.holdings(), len(world.accepted())
    disturb(world, how)
    world.known = {}
    for _ in range(3):
        parts = await world.leave_once()
        assert {part.kind for part in parts if part.state in (State.READY, State.RETAINED)} <= {"Database"}
        world.known = {}
        world.advance(parts)
    assert (world.holdings(), world.accepted()[done:]) == (before, [])


async def test_what_was_made_a_moment_ago_and_does_not_show_is_not_gone(world: World) -> None:
    spec = {key: value for key, value in world.every_part("Delete").items() if key not in ("api", "databases")}
    for layer in (world.aws.dynamodb, world.aws.iam, world.aws.sns, world.aws.sqs):
        layer.absent_looks = 4
    for _ in range(3):
        world.advance((await world.step(spec)).parts)
    world.known = {}  # the operator was killed before it wrote a status
    await world.leave()
    assert world.holdings() == {}


class Untagged:
    """A layer before another: AWS shows no tags, or none yet."""

    def __init__(self, behind: Any) -> None:
        self.behind = behind
        self.late = True

    def __call__(self, call: Call, emulator: Emulator) -> Answer:
        answer: Answer = self.behind(call, emulator)
        if not self.late or call.changes or call.service == "apigateway" or answer.status >= 300:
            return answer
        if isinstance(answer.body, bytes) and not answer.body.lstrip().startswith(b"{"):
            bare = re.sub(rb"<(Tags|TagList|tagSet)>.*?</\1>", b"", answer.body, flags=re.DOTALL)
            return Answer(answer.status, bare, answer.kind)
        found = json.loads(answer.encoded())
        for shown in (found, found.get("association") or {}):
            for key in ("Tags", "tags"):
                shown.pop(key, None)
        return Answer(answer.status, found, answer.kind)


def late_tags(world: World) -> Untagged:
    world.faults.behind = untagged = Untagged(world.aws)
    return untagged


async def test_tags_that_show_late_are_waited_for_while_things_are_made(world: World) -> None:
    untagged, spec = late_tags(world), world.every_part("Delete")
    for number in range(80):
        untagged.late = number % 4 != 3
        parts = (await world.step(spec)).parts
        assert not any(part.state is State.STALLED for part in parts), troubled(parts)
        if all(part.state is State.READY for part in parts):
            break
        world.advance(parts)
    untagged.late = False
    await world.ready(spec)
    assert made(world.accepted()) == MADE


async def test_tags_that_show_late_end_nothing_that_stands(world: World) -> None:
    spec = world.every_part("Delete")
    await world.ready(spec)
    untagged, done = late_tags(world), len(world.accepted())
    world.external.clients.aws.expectations = Expectations(
        60, lambda: world.now
    )  # the process has no memory of its own tagging
    for _ in range(5):
        parts = (await world.step(spec)).parts
        assert {part.reason for part in parts} & ENDED == set(), troubled(parts)
        world.pass_time(5)
    assert world.accepted()[done:] == []
    untagged.late = False
    await world.ready(spec)
    await world.quiet(spec)


@pytest.mark.parametrize("remembered", [True, False])
async def test_tags_that_show_late_leave_nothing_behind(world: World, *, remembered: bool) -> None:
    await world.ready(world.every_part("Delete"))
    if not remembered:
        world.external.clients.aws.expectations = Expectations(60, lambda: world.now)
    untagged = late_tags(world)
    for _ in range(3):
        parts = await world.leave_once()
        assert not any(part.state is State.RETAINED for part in parts), troubled(parts)
        world.pass_time(5)
    untagged.late = False
    await world.leave()
    assert (world.holdings(), shared(world.aws, world.environment.name)) == ({}, {})


async def test_tags_that_somebody_took_away_are_believed_after_a_while(world: World) -> None:
    spec = {key: value for key, value in world.every_part("Delete").items() if key in ("tables", "queues")}
    await world.ready(spec)
    late_tags(world)
    world.pass_time(600)
    await world.step(spec)
    world.pass_time(61)
    parts = (await world.step(spec)).parts
    assert {part.reason for part in parts if part.kind == "Table"} == {Reason.CONFLICT}
