"""Autoscaling of provisioned capacity, for a table and its indexes, against the strict layer."""

from dataclasses import replace
from typing import Any

import pytest

from microservice_operator.aws.dynamodb.desired import DesiredTable
from microservice_operator.aws.dynamodb.tables import delete_table, reconcile_table, table_name
from microservice_operator.facts import Part, Reason, State
from microservice_operator.resources import Removal
from tests.aws.conftest import World, drive, table, waited_for
from tests.fakes.aws.proxy import Answer, Fault, refusal

INDEX = {"name": "bySku", "partitionKey": {"name": "sku"}}
OTHER = {"name": "byAge", "partitionKey": {"name": "age", "type": "N"}}
UNITS = {"read": {"min": 5, "max": 10}, "write": {"min": 2, "max": 4}}
PROVISIONED: dict[str, Any] = {"billingMode": "Provisioned", "capacity": UNITS}
OF_THE_TABLE = {("", "Read"): (5, 10), ("", "Write"): (2, 4)}
OF_THE_INDEX = {("bySku", "Read"): (5, 10), ("bySku", "Write"): (2, 4)}


def name(world: World) -> str:
    return table_name(world.scope, "products")


def writes(world: World, since: int) -> list[str]:
    return world.proxy.writes()[since:]


async def made(world: World, **spec: Any) -> DesiredTable:
    """A ready table, and its desired state for later changes."""
    wanted = DesiredTable(table(**spec))
    part = await drive(world, wanted)
    assert part.state is State.READY, part
    wanted = replace(wanted, known={"Table": part.id})
    await quiet(world, wanted)
    return wanted


async def quiet(world: World, wanted: DesiredTable) -> None:
    before = world.proxy.writes()
    part = await reconcile_table(world.scope, wanted)
    assert (part.state, part.events, part.after) == (State.READY, (), None)
    assert world.proxy.writes() == before


def move(world: World, read: int, write: int) -> None:
    """As Application Auto Scaling does it."""
    units = {"ReadCapacityUnits": read, "WriteCapacityUnits": write}
    update = {"IndexName": "bySku", "ProvisionedThroughput": units}
    world.client.update_table(
        TableName=name(world), ProvisionedThroughput=units, GlobalSecondaryIndexUpdates=[{"Update": update}]
    )


def capacity(world: World) -> list[tuple[int, int]]:
    described = world.client.describe_table(TableName=name(world))["Table"]
    found = [described, *described.get("GlobalSecondaryIndexes", [])]
    throughput = [item["ProvisionedThroughput"] for item in found]
    return [(units["ReadCapacityUnits"], units["WriteCapacityUnits"]) for units in throughput]


async def test_each_kind_of_capacity_of_table_and_index_gets_bounds_and_a_policy(world: World) -> None:
    await made(world, **PROVISIONED, globalSecondaryIndexes=[INDEX])
    assert world.scaling.of(name(world)) == {**OF_THE_TABLE, **OF_THE_INDEX}
    policies = world.scaling.policies
    assert {at for at, _ in policies} == set(world.scaling.targets)
    assert {p["TargetTrackingScalingPolicyConfiguration"]["TargetValue"] for p in policies.values()} == {70.0}
    assert world.proxy.writes() == [
        "CreateTable",
        *["RegisterScalableTarget"] * 4,
        *["PutScalingPolicy"] * 4,
        "UpdateContinuousBackups",
    ]


async def test_what_aws_moves_within_the_range_is_no_difference(world: World) -> None:
    wanted = await made(world, **PROVISIONED, globalSecondaryIndexes=[INDEX])
    move(world, 8, 3)
    await quiet(world, wanted)
    assert capacity(world) == [(8, 3), (8, 3)]


async def test_what_is_outside_of_the_range_comes_back_to_its_bounds(world: World) -> None:
    wanted = await made(world, **PROVISIONED, globalSecondaryIndexes=[INDEX])
    move(world, 20, 1)
    before = len(world.proxy.writes())
    assert (await drive(world, wanted)).state is State.READY
    assert capacity(world) == [(10, 2), (10, 2)]
    assert writes(world, before) == ["UpdateTable"]


async def test_a_table_that_aws_is_scaling_is_ready(world: World) -> None:
    wanted = await made(world, **PROVISIONED)
    world.strict._phases[name(world)] = ("UPDATING", 3)
    await quiet(world, wanted)


async def test_other_bounds_are_registered_and_policies_stay(world: World) -> None:
    wanted = await made(world, **PROVISIONED)
    before = len(world.proxy.writes())
    wider = {**UNITS, "read": {"min": 5, "max": 50}}
    wanted = replace(wanted, spec=table(billingMode="Provisioned", capacity=wider))
    assert (await drive(world, wanted)).state is State.READY
    assert writes(world, before) == ["RegisterScalableTarget"]
    assert world.scaling.of(name(world)) == {("", "Read"): (5, 50), ("", "Write"): (2, 4)}
    await quiet(world, wanted)


async def test_one_value_only_is_not_scaled(world: World) -> None:
    fixed = {**UNITS, "write": {"min": 3, "max": 3}}
    wanted = await made(world, billingMode="Provisioned", capacity=fixed)
    assert world.scaling.of(name(world)) == {("", "Read"): (5, 10)}
    wanted = replace(wanted, spec=table(**PROVISIONED))
    await drive(world, wanted)
    assert world.scaling.of(name(world)) == OF_THE_TABLE
    await drive(world, replace(wanted, spec=table(billingMode="Provisioned", capacity=fixed)))
    assert world.scaling.of(name(world)) == {("", "Read"): (5, 10)}


async def test_paid_per_request_and_back(world: World) -> None:
    wanted = await made(world, **PROVISIONED)
    before = len(world.proxy.writes())
    on_demand = replace(wanted, spec=table())
    assert (await drive(world, on_demand)).state is State.READY
    assert writes(world, before) == ["DeregisterScalableTarget", "DeregisterScalableTarget", "UpdateTable"]
    assert (world.scaling.of(name(world)), world.scaling.policies) == ({}, {})
    asked = len(world.proxy.calls)
    await quiet(world, on_demand)
    # a table that nothing scales costs no call to ask what does
    assert "application-autoscaling" not in {call.service for call in world.proxy.calls[asked:]}
    before = len(world.proxy.writes())
    assert (await drive(world, wanted)).state is State.READY
    assert writes(world, before)[:2] == ["UpdateTable", "RegisterScalableTarget"]
    assert world.scaling.of(name(world)) == OF_THE_TABLE


async def test_an_index_is_scaled_once_it_is_there_and_no_more_before_it_goes(world: World) -> None:
    wanted = await made(world, **PROVISIONED)
    both = replace(wanted, spec=table(**PROVISIONED, globalSecondaryIndexes=[INDEX, OTHER]))
    before = len(world.proxy.writes())
    assert (await drive(world, both)).state is State.READY
    assert writes(world, before)[:2] == ["UpdateTable", "UpdateTable"]
    assert len(world.scaling.of(name(world))) == 6
    one = replace(wanted, spec=table(**PROVISIONED, globalSecondaryIndexes=[INDEX]))
    before = len(world.proxy.writes())
    assert (await drive(world, one)).state is State.READY
    assert writes(world, before) == ["DeregisterScalableTarget", "DeregisterScalableTarget", "UpdateTable"]
    assert world.scaling.of(name(world)) == {**OF_THE_TABLE, **OF_THE_INDEX}


async def test_scaling_that_somebody_takes_away_or_changes_comes_back(world: World) -> None:
    wanted = await made(world, **PROVISIONED)
    key = next(iter(world.scaling.targets))
    world.scaling._deregister(key)
    world.scaling.targets[next(iter(world.scaling.targets))]["MaxCapacity"] = 99
    assert (await drive(world, wanted)).state is State.READY
    assert world.scaling.of(name(world)) == OF_THE_TABLE
    assert len(world.scaling.policies) == 2


async def test_a_policy_of_another_name_is_taken_as_it_is_called(world: World) -> None:
    wanted = await made(world, **PROVISIONED)
    (key, ours), policy = next(iter(world.scaling.policies.items()))
    del world.scaling.policies[key, ours]
    theirs = {**policy["TargetTrackingScalingPolicyConfiguration"], "TargetValue": 50.0, "ScaleInCooldown": 60}
    world.scaling.policies[key, "console"] = {
        **policy,
        "PolicyName": "console",
        "TargetTrackingScalingPolicyConfiguration": theirs,
    }
    before = len(world.proxy.writes())
    assert (await drive(world, wanted)).state is State.READY
    assert writes(world, before) == ["PutScalingPolicy"]
    assert (key, "console") in world.scaling.policies
    assert len(world.scaling.policies) == 2


async def test_what_a_person_suspends_stays_suspended(world: World) -> None:
    wanted = await made(world, **PROVISIONED)
    for target in world.scaling.targets.values():
        target["SuspendedState"] = {"DynamicScalingInSuspended": True}
    wider = {**UNITS, "read": {"min": 5, "max": 50}}
    await drive(world, replace(wanted, spec=table(billingMode="Provisioned", capacity=wider)))
    assert all(target["SuspendedState"] for target in world.scaling.targets.values())


async def test_many_targets_and_policies_come_in_pages(world: World) -> None:
    world.scaling.page = 1
    wanted = await made(world, **PROVISIONED, globalSecondaryIndexes=[INDEX])
    await quiet(world, wanted)


async def gone(world: World, policy: Any, known_id: str) -> Part:
    for _ in range(20):
        part = await delete_table(world.scope, Removal("products", policy, {"Table": known_id}))
        if part.state in (State.READY, State.RETAINED):
            return part
    raise AssertionError(part)


async def test_a_deleted_table_leaves_nothing_that_scales(world: World) -> None:
    wanted = await made(world, **PROVISIONED, globalSecondaryIndexes=[INDEX])
    before = len(world.proxy.writes())
    assert (await gone(world, "Delete", wanted.id_of("Table"))).reason is Reason.TABLE_DELETED
    assert writes(world, before) == [*["DeregisterScalableTarget"] * 4, "UpdateTable", "DeleteTable"]
    assert (world.scaling.of(name(world)), world.scaling.policies) == ({}, {})


async def test_a_retained_table_is_scaled_on(world: World) -> None:
    wanted = await made(world, **PROVISIONED)
    assert (await gone(world, "Retain", wanted.id_of("Table"))).reason is Reason.TABLE_RETAINED
    assert world.scaling.of(name(world)) == OF_THE_TABLE


CALLS = ("DescribeScalableTargets", "DescribeScalingPolicies", "RegisterScalableTarget", "PutScalingPolicy")
TROUBLE: list[tuple[str | Answer, Reason]] = [
    (refusal("ThrottlingException", "Rate exceeded"), Reason.AWS_THROTTLED),
    (refusal("ConcurrentUpdateException", "updated already"), Reason.PROGRESSING),
    (refusal("InternalServiceException", "oops", 500), Reason.AWS_UNAVAILABLE),
    ("drop-before", Reason.AWS_UNAVAILABLE),
    ("drop-after", Reason.AWS_UNAVAILABLE),
]


@pytest.mark.parametrize("action", CALLS)
@pytest.mark.parametrize(("effect", "reason"), TROUBLE)
async def test_trouble_at_each_call_is_waited_for(
    world: World, action: str, effect: str | Answer, reason: Reason
) -> None:
    world.proxy.faults = [Fault(action, effect, times=2)]
    assert reason in await waited_for(world, DesiredTable(table(**PROVISIONED)), reconciliations=30)
    assert world.scaling.of(name(world)) == OF_THE_TABLE
    assert len(world.scaling.policies) == 2


@pytest.mark.parametrize("action", CALLS)
async def test_a_denied_call_names_itself_and_recovers_once_granted(world: World, action: str) -> None:
    fault = Fault(action, refusal("AccessDeniedException", "not authorized"))
    world.proxy.faults = [fault]
    part = await drive(world, DesiredTable(table(**PROVISIONED)))
    assert (part.state, part.reason) == (State.STALLED, Reason.ACCESS_DENIED)
    assert f"application-autoscaling:{action} on table " in part.message
    fault.times = 0
    assert (await drive(world, DesiredTable(table(**PROVISIONED), known={"Table": part.id}))).state is State.READY


async def test_the_last_call_for_a_target_that_is_gone_already_is_no_trouble(world: World) -> None:
    wanted = await made(world, **PROVISIONED)
    world.proxy.faults = [Fault("DeregisterScalableTarget", "drop-after", times=2)]
    assert (await gone(world, "Delete", wanted.id_of("Table"))).reason is Reason.TABLE_DELETED
    assert world.scaling.of(name(world)) == {}
