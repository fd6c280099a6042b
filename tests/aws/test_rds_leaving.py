"""Deletion of RDS instances: each policy, from each state, in order, until RDS reports that they are deleted."""

import pytest

from microservice_operator import names
from microservice_operator.aws.engine.decide import Phase
from microservice_operator.aws.rds import instances as rds_instances
from microservice_operator.aws.rds.states import STATES
from microservice_operator.facts import Reason, State
from microservice_operator.resources import Removal
from tests.aws.rds_world import RDSWorld
from tests.fakes.aws.proxy import Fault

GOING = ["ModifyDBInstance", "DeleteDBInstance"]
GROUPS = ["DeleteDBSubnetGroup", "DeleteDBParameterGroup", "DeleteSecurityGroup"]
# The instance leaves these states without a request, or accepts an earlier one: after "deleting" it does not exist.
PASSING = {name for name, means in STATES.items() if means.phase in (Phase.CHANGING, Phase.CREATING) or means.locked}
LASTING = sorted(set(STATES) - PASSING - {"deleting", "delete-precheck"})


def left(rds: RDSWorld) -> list[object]:
    groups = rds.strict.groups
    return [*rds.strict.instances, *groups.subnet_groups, *groups.parameter_groups, *rds.network.groups(rds.name)]


async def test_delete_goes_in_order_and_waits_for_the_end(rds: RDSWorld) -> None:
    await rds.made()
    before = len(rds.proxy.writes())
    seen = await rds.gone("Delete")
    assert rds.proxy.writes()[before:] == [*GOING, *GROUPS]
    assert left(rds) == []
    assert (rds.strict.snapshots, rds.strict.kept_backups, rds.strict.secrets) == ({}, [], {})
    happened = [event.reason for part in seen for event in part.events if part.kind == "DatabaseInstance"]
    assert happened[:2] == [Reason.DATABASE_DELETING, Reason.DATABASE_DELETED]


async def test_snapshot_leaves_one_named_for_this_microservice(rds: RDSWorld) -> None:
    await rds.made()
    await rds.gone("Snapshot")
    assert left(rds) == []
    [snapshot] = rds.strict.snapshots.values()
    assert snapshot["DBSnapshotIdentifier"] == (f"{rds.name}-final-{names.short_hash(rds.scope.owner.identity.uid)}")
    assert {tag["Key"]: tag["Value"] for tag in snapshot["TagList"]}.items() >= rds.scope.owner.marks.items()


async def test_retain_marks_everything_and_touches_nothing_else(rds: RDSWorld) -> None:
    await rds.made()
    before = {**rds.instance, "TagList": []}
    seen = await rds.gone("Retain")
    assert {part.state for part in seen} == {State.RETAINED}
    assert {**rds.instance, "TagList": []} == before
    assert {"Key": names.TAG_RETAINED, "Value": "true"} in rds.instance["TagList"]
    assert len(left(rds)) == 4
    writes = rds.proxy.writes()
    await rds.gone("Retain")
    assert rds.proxy.writes() == writes
    await rds.made()
    assert names.TAG_RETAINED not in {tag["Key"] for tag in rds.instance["TagList"]}


async def test_delete_of_what_never_came_about(rds: RDSWorld) -> None:
    seen = await rds.gone("Delete")
    assert [event for part in seen for event in part.events] == []
    assert rds.proxy.writes() == []


@pytest.mark.parametrize("reconciliations", [1, 2, 3, 4])
async def test_delete_while_it_is_being_made(rds: RDSWorld, reconciliations: int) -> None:
    for _ in range(reconciliations):
        await rds.one_pass(rds.wanted())
    await rds.gone("Delete")
    assert left(rds) == []


async def test_wanted_again_while_the_old_one_is_going(rds: RDSWorld) -> None:
    await rds.made()
    for _ in range(2):
        await rds_instances.delete_instance(rds.scope, Removal("orders", "Delete", rds.known))
    assert rds.instance["DBInstanceStatus"] == "deleting"
    rds.known = {}
    await rds.made()


async def test_an_upgraded_one_leaves_no_group_behind(rds: RDSWorld) -> None:
    await rds.made(maintenance={"apply": "Immediately"})
    await rds.made(version="17", maintenance={"apply": "Immediately"})
    assert len(rds.strict.groups.parameter_groups) == 2
    await rds.gone("Delete")
    assert left(rds) == []


@pytest.mark.parametrize("policy", ["Delete", "Snapshot"])
@pytest.mark.parametrize("state", LASTING)
async def test_it_goes_from_each_state_that_lasts(rds: RDSWorld, state: str, policy: str) -> None:
    await rds.made()
    rds.strict.put(rds.name, state)
    await rds.gone(policy)
    assert left(rds) == []
    if policy == "Snapshot":
        # where RDS takes no snapshot, the automated backups are the way back
        assert len(rds.strict.snapshots) + len(rds.strict.kept_backups) == 1


@pytest.mark.parametrize("state", sorted(state for state in LASTING if STATES[state].keeps))
async def test_one_without_any_copy_of_its_data_stays(rds: RDSWorld, state: str) -> None:
    await rds.made()
    rds.instance["BackupRetentionPeriod"] = 0  # as of an adopted instance, whose undeclared values stay
    rds.strict.put(rds.name, state)
    before = rds.proxy.writes()
    for _ in range(3):
        part = (await rds_instances.delete_instance(rds.scope, Removal("orders", "Snapshot", rds.known)))[0]
    assert (part.state, part.reason) == (State.STALLED, Reason.DATABASE_UNUSABLE)
    assert "no automated backups" in part.message
    assert "DeleteDBInstance" not in rds.proxy.writes()[len(before) :]
    await rds.gone("Delete")


@pytest.mark.parametrize("state", sorted(PASSING))
async def test_it_waits_for_each_transitional_state(rds: RDSWorld, state: str) -> None:
    await rds.made()
    rds.strict.put(rds.name, state)
    before = rds.proxy.writes()
    leaving = Removal("orders", "Delete", rds.known)
    [part] = await rds_instances.delete_instance(rds.scope, leaving)
    assert (part.state, rds.proxy.writes()) == (State.DELETING, before)
    rds.strict.put(rds.name, "available")
    await rds.gone("Delete")


@pytest.mark.parametrize("state", sorted(STATES))
async def test_each_state_says_what_it_is_and_is_recovered_from(rds: RDSWorld, state: str) -> None:
    await rds.made()
    rds.strict.put(rds.name, state)
    before = rds.proxy.writes()
    part = (await rds.one_pass(rds.wanted()))[0]
    means = STATES[state]
    assert rds.proxy.writes() == before
    if means.phase is Phase.UNUSABLE or means.impairment:
        assert (part.state, part.reason) == (State.STALLED, Reason.DATABASE_UNUSABLE)
        assert part.message.endswith(means.detail)
    elif means.phase is Phase.READY:
        assert part.state is State.READY
    else:
        assert (part.state, bool(part.after)) == (State.PROGRESSING, True)
    rds.strict.put(rds.name, "available")
    await rds.quiet()


async def test_a_full_disk_grows(rds: RDSWorld) -> None:
    await rds.made(maintenance={"apply": "Immediately"})
    rds.strict.put(rds.name, "storage-full")
    await rds.made(storage={"size": "30Gi"}, maintenance={"apply": "Immediately"})
    assert rds.instance["AllocatedStorage"] == 30


async def test_aws_down_delays_a_deletion_and_says_so(rds: RDSWorld) -> None:
    await rds.made()
    rds.proxy.faults = [Fault("*", "drop-before")]
    [part] = await rds_instances.delete_instance(rds.scope, Removal("orders", "Delete", rds.known))
    assert (part.state, part.reason) == (State.DELETING, Reason.AWS_UNAVAILABLE)
    assert part.id == rds.known["DatabaseInstance"]
    rds.proxy.faults = []
    await rds.gone("Delete")
    assert left(rds) == []
