"""Rules, states, names and shared reads of RDS, as tables."""

import asyncio
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from microservice_operator.api.parsing import Identity
from microservice_operator.aws.engine.decide import Phase
from microservice_operator.aws.engine.list_cache import ListCache
from microservice_operator.aws.engine.pagination import pages
from microservice_operator.aws.engine.rules import Change, Effect, Outcome, Refusal
from microservice_operator.aws.engine.scope import AwsScope
from microservice_operator.aws.rds.fields import DesiredMajor, Disk, grown, upgraded
from microservice_operator.aws.rds.instance_adapter import final_snapshot
from microservice_operator.aws.rds.instances import instance_name
from microservice_operator.aws.rds.parameters import parameters
from microservice_operator.aws.rds.responses import Major, _parameter_group, group_name, pending
from microservice_operator.aws.rds.security_group_adapter import _rules
from microservice_operator.aws.rds.states import STATES, state_meaning
from microservice_operator.errors import NotYet
from microservice_operator.ownership import Owner
from microservice_operator.resync_cache import ResyncCache

SEVENTEEN = DesiredMajor(17, "snap")
MAJORS: dict[str, tuple[Major, Any]] = {
    "as wanted": (Major(17), None),
    "lower: first a snapshot": (Major(16), "snap"),
    "the snapshot has failed": (Major(16, "failed"), "snap"),
    "then the upgrade": (Major(16, "available"), 17),
    "it has failed": (Major(16, "available", failed=True), Refusal),
    "never back": (Major(18), Refusal),
}
DISKS: dict[str, tuple[Disk, int, Any]] = {
    "as wanted": (Disk(20, 0), 20, None),
    "it grows": (Disk(30, 0), 20, 30),
    "AWS has grown it": (Disk(20, 100), 88, None),
    "to the brim": (Disk(20, 100), 100, None),
    "beyond what AWS may": (Disk(20, 100), 101, Refusal),
    "by less than a tenth: RDS rounds up": (Disk(105, 0), 100, 110),
    "and keeps what it has rounded up": (Disk(105, 0), 110, None),
    "more than RDS rounds up": (Disk(105, 0), 117, Refusal),
    "never less": (Disk(20, 0), 50, Refusal),
}


# running version, version that waits, shown group → group without the version
GROUPS: dict[str, tuple[str, str, str, str]] = {
    "of the running version": ("16.4", "", "orders-pg16", "orders"),
    "an upgrade waits, with the old group": ("16.4", "17.5", "orders-pg16", "orders"),
    "an upgrade waits, with the new group": ("16.4", "17.5", "orders-pg17", "orders"),
    "the new group, and no upgrade waits": ("16.4", "", "orders-pg17", "orders-pg17"),
    "a minor upgrade waits": ("16.4", "16.9", "orders-pg16", "orders"),
    "of somebody else": ("16.4", "17.5", "default.postgres16", "default.postgres16"),
}


@pytest.mark.parametrize("case", GROUPS)
def test_parameter_groups(case: str) -> None:
    running, waiting, shown, expected = GROUPS[case]
    waits = {"EngineVersion": waiting} if waiting else {}
    groups = [{"DBParameterGroupName": shown}]
    described = {"EngineVersion": running, "PendingModifiedValues": waits, "DBParameterGroups": groups}
    assert _parameter_group(described) == expected


def _agrees(outcome: Outcome, expected: Any) -> bool:
    if expected is Refusal:
        return isinstance(outcome, Refusal)
    return bool((outcome.to if isinstance(outcome, Change) else outcome) == expected)


@pytest.mark.parametrize("case", MAJORS)
def test_versions(case: str) -> None:
    observed, expected = MAJORS[case]
    assert _agrees(upgraded(SEVENTEEN, observed), expected)


@pytest.mark.parametrize("case", DISKS)
def test_disks(case: str) -> None:
    desired, observed, expected = DISKS[case]
    assert _agrees(grown(desired, observed), expected)


PARAMETERS: dict[str, tuple[dict[str, str], dict[str, str], Effect | None]] = {
    "a dynamic one": ({"work_mem": "8192"}, {}, None),
    "a static one": ({"max_connections": "50"}, {}, Effect.RESTART),
    "a static one, reset": ({}, {"max_connections": "50"}, Effect.RESTART),
    "a static one that is reset after another is set": ({"work_mem": "1"}, {"max_connections": "5"}, Effect.RESTART),
    "a static one that stays": ({"max_connections": "5", "work_mem": "1"}, {"max_connections": "5"}, None),
}


@pytest.mark.parametrize("case", PARAMETERS)
def test_which_parameters_take_a_restart(case: str) -> None:
    desired, observed, effect = PARAMETERS[case]
    outcome = parameters(desired, observed)
    assert isinstance(outcome, Change)
    assert outcome.effect is effect


@given(st.integers(20, 200), st.integers(0, 300), st.integers(20, 400))
def test_a_disk_that_has_grown_is_wanted_no_more(size: int, ceiling: int, observed: int) -> None:
    outcome = grown(Disk(size, ceiling), observed)
    if isinstance(outcome, Change):
        assert outcome.to > observed
        assert grown(Disk(size, ceiling), outcome.to) is None


def test_what_cannot_be_used_says_what_to_do() -> None:
    for state, means in STATES.items():
        if means.phase is Phase.UNUSABLE or means.impairment:
            assert means.detail.count(";") == 1, state
    assert state_meaning("brand-new-state").phase is Phase.CHANGING


def test_what_waits_for_the_window() -> None:
    instance = {"DBInstanceClass": "a", "MultiAZ": False, "PendingModifiedValues": {"DBInstanceClass": "b"}}
    assert pending(instance) == {"DBInstanceClass": "b"}
    assert pending({**instance, "DBInstanceClass": "b"}) == {}


@given(st.text("abc-0", min_size=1, max_size=63), st.text("abc-0", min_size=1, max_size=40))
def test_names_are_what_rds_takes(namespace: str, name: str) -> None:
    clients: Any = None
    scope = AwsScope(clients, "us-east-1", "1", Owner("cluster", Identity(namespace, name, "uid")), ResyncCache(0))
    made = instance_name(scope, "orders")
    for each in (made, group_name(made, 16), final_snapshot(scope, made)):
        assert each[0].isalpha()
        assert "--" not in each
        assert not each.endswith("-")
    assert len(made) <= 63


def test_each_source_of_a_port_is_a_rule_of_its_own() -> None:
    groups = [{"GroupId": "sg-1", "UserId": "1"}, {"GroupId": "sg-2"}]
    permission = {"IpProtocol": "tcp", "FromPort": 1, "ToPort": 1, "UserIdGroupPairs": groups, "IpRanges": []}
    everything = {"IpProtocol": "-1", "IpRanges": [{"CidrIp": "0.0.0.0/0", "Description": "all"}]}
    rules = _rules([permission, everything])
    assert [rule[-1] for rule in rules] == ["sg-1", "sg-2", "0.0.0.0/0"]
    assert rules["-1", -1, -1, "IpRanges", "0.0.0.0/0"] == {"IpProtocol": "-1", "IpRanges": [{"CidrIp": "0.0.0.0/0"}]}


class Reads:
    """Answers a list of instances, and counts how often."""

    def __init__(self) -> None:
        self.count = 0
        self.error: Exception | None = None

    async def all(self) -> dict[str, Any]:
        listed = pages(self, "DescribeDBInstances", "Marker")
        return {each["DBInstanceIdentifier"]: each async for page in listed for each in page["DBInstances"]}

    async def __call__(self, action: str, **parameters: Any) -> dict[str, Any]:
        await asyncio.sleep(0)
        self.count += 1
        if self.error:
            raise self.error
        second = "Marker" in parameters
        page = {"DBInstances": [{"DBInstanceIdentifier": f"{action}-{'b' if second else 'a'}"}]}
        return page if second else {**page, "Marker": "next"}


REGION = ("1", "us-east-1", "main")


async def test_one_read_serves_concurrent_and_soon_following_calls() -> None:
    now = 0.0
    cache, reads = ListCache(4, lambda: now), Reads()
    names = ["DescribeDBInstances-a", "DescribeDBInstances-b", "other"]
    instances = await asyncio.gather(*(cache.find(REGION, name, reads.all, "list") for name in names))
    assert [instance and instance["DBInstanceIdentifier"] for instance in instances] == [*names[:2], None]
    assert reads.count == 2  # pages
    now = 3.9
    await cache.find(REGION, names[0], reads.all, "list")
    assert reads.count == 2
    now = 4.0
    await cache.find(REGION, names[0], reads.all, "list")
    assert reads.count == 4


async def test_nobody_sees_what_was_before_his_own_write() -> None:
    now = 0.0
    cache, reads = ListCache(4, lambda: now), Reads()
    await cache.find(REGION, "a", reads.all, "list")
    now = 1.0
    cache.wrote(REGION, "a")
    await cache.find(REGION, "b", reads.all, "list")
    assert reads.count == 2
    await cache.find(REGION, "a", reads.all, "list")
    assert reads.count == 4


async def test_a_failed_read_is_not_cached() -> None:
    cache, reads = ListCache(4, lambda: 0.0), Reads()
    reads.error = NotYet("AWSThrottled", "slow down")
    both = await asyncio.gather(*(cache.find(REGION, "a", reads.all, "list") for _ in range(2)), return_exceptions=True)
    assert [type(each) for each in both] == [NotYet, NotYet]
    assert reads.count == 1
    reads.error = None
    assert await cache.find(REGION, "DescribeDBInstances-a", reads.all, "list")
