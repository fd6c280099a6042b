"""The life cycle of one Microservice: created to Ready, then deleted, in the order that AWS needs, twice."""

import pytest

from microservice_operator import names
from microservice_operator.facts import Part, Reason, State

from .faults import at, broken
from .holdings import shared
from .spec import BEFORE, BEFORE_GOING, IRSA, KEPT, KINDS, MADE, in_order, made
from .world import World


async def test_there_and_back_twice(world: World) -> None:
    spec = world.every_part("Delete")
    for _ in range(2):
        begin = len(world.accepted())
        await world.ready(spec)
        made_now = world.accepted()[begin:]
        assert made(made_now) == MADE
        in_order(made_now, BEFORE)
        assert world.kinds() == KINDS
        await world.quiet(spec)
        begin = len(world.accepted())
        await world.leave()
        gone = world.accepted()[begin:]
        in_order(gone, BEFORE_GOING)
        assert not made(gone)
        assert (world.holdings(), shared(world.aws, world.environment.name)) == ({}, {})
        assert (world.aws.rds.kept_backups, world.aws.rds.secrets) == ([], {})
        world.again()
        world.aws.sqs._recent.clear()  # a minute has passed


async def test_by_default_what_holds_data_stays_and_is_found_again(world: World) -> None:
    spec = world.every_part()
    await world.ready(spec)
    before = {what for what in world.holdings() if what.split()[0] in KEPT}
    await world.leave()
    assert world.kinds() == KEPT
    assert set(world.holdings()) == before
    assert {tags[names.TAG_RETAINED] for tags in world.holdings().values()} == {"true"}
    begin = len(world.accepted())
    world.again()
    await world.ready(spec)
    await world.quiet(spec)
    data = {"CreateDBInstance", "CreateDBParameterGroup", "CreateDBSubnetGroup", "CreateQueue", "CreateSecurityGroup"}
    assert set(made(world.accepted()[begin:])) == set(MADE) - data - {"CreateTable"}
    assert {tags[names.TAG_UID] for tags in world.holdings().values()} == {world.identity.uid}
    assert not any(names.TAG_RETAINED in tags for tags in world.holdings().values())


async def test_a_last_snapshot_each_time(world: World) -> None:
    spec = {"databases": [{"name": "orders", "deletionPolicy": "Snapshot"}]}
    for times in (1, 2):
        await world.ready(spec)
        await world.leave()
        left = world.holdings()
        assert [what.split()[0] for what in left] == ["Snapshot"] * times
        assert {tags[names.TAG_NAME] for tags in left.values()} == {world.name}
        world.again()


async def test_pods_that_ask_for_their_role_themselves(world: World) -> None:
    world.aws_spec["identity"] = IRSA
    spec = world.every_part("Delete")
    await world.ready(spec)
    await world.quiet(spec)
    assert world.kinds() == KINDS - {"PodIdentityAssociation"}
    await world.leave()
    assert world.kinds() == set()


async def test_from_one_way_to_the_role_to_the_other(world: World) -> None:
    spec = {"topics": [{"name": "created"}]}
    for way in (IRSA, world.aws_spec["identity"]):
        await world.ready(spec)
        world.aws_spec["identity"] = way
    await world.ready(spec)
    await world.quiet(spec)
    assert made(world.accepted())["CreateRole"] == 1
    await world.leave()
    assert world.kinds() == set()


@pytest.mark.parametrize("reconciliations", [1, 2, 3, 5])
async def test_left_while_it_is_being_made(world: World, reconciliations: int) -> None:
    spec = world.every_part("Delete")
    for _ in range(reconciliations):
        world.advance((await world.step(spec)).parts)
    await world.leave()
    assert (world.holdings(), shared(world.aws, world.environment.name)) == ({}, {})


async def test_left_by_a_status_that_has_forgotten_all(world: World) -> None:
    await world.ready(world.every_part("Delete"))
    world.known.clear()
    await world.leave()
    assert (world.holdings(), shared(world.aws, world.environment.name)) == ({}, {})


async def test_left_while_aws_is_down(world: World) -> None:
    spec = world.every_part("Delete")
    await world.ready(spec)
    ids = dict(world.known)
    world.faults.rule = broken
    for _ in range(3):
        parts = await world.leave_once()
        for part in parts:
            if part.kind == "Database":  # whose turn is next is its instance
                continue
            assert part.id == ids[part.kind, part.name]
            assert part.state is State.DELETING, part
            assert part.message or part.reason is Reason.WAITING, part
            assert part.after is None or part.after <= 300
    world.faults.rule = lambda _call: None
    await world.leave()
    assert (world.holdings(), shared(world.aws, world.environment.name)) == ({}, {})


async def test_one_service_that_is_down_holds_up_its_own_parts_only(world: World) -> None:
    spec = world.every_part("Delete")
    await world.ready(spec)
    world.faults.rule = at(("dynamodb", "DescribeTable"), broken)
    for _ in range(60):
        parts = await world.leave_once()
        world.advance(parts)
        if len(world.known) == 1:
            break
    assert set(world.known) == {("Table", "carts")}
    assert world.kinds() == {"Table"}
    world.faults.rule = lambda _call: None
    await world.leave()
    assert world.kinds() == set()


async def test_wanted_again_while_the_former_is_still_going(world: World) -> None:
    """As after a person has abandoned the old Microservice with `abandon`."""
    world.aws.dynamodb.looks = world.aws.sqs.lingering_looks = 4
    spec = {key: value for key, value in world.every_part("Delete").items() if key in ("tables", "queues")}
    await world.ready(spec)
    while not {"DeleteTable", "DeleteQueue"} <= set(world.accepted()):
        world.advance(await world.leave_once())
    world.again()
    first = {part.kind: part for part in (await world.step(spec)).parts}
    assert first["Table"].reason is Reason.TABLE_DELETING
    await world.ready(spec)
    await world.quiet(spec)
    assert world.accepted().count("CreateTable") == 2
    assert {tags[names.TAG_UID] for tags in world.holdings().values()} == {world.identity.uid}


async def test_an_instance_that_is_still_going_is_waited_for_and_what_was_left_behind_is_not_taken(
    world: World,
) -> None:
    spec = {"databases": [{"name": "orders", "deletionPolicy": "Delete"}]}
    await world.ready(spec)
    while "DeleteDBInstance" not in world.accepted():
        world.advance(await world.leave_once())
    world.again()
    parts = await world.drive(spec, until=lambda part: part.state is State.STALLED)
    groups = {part.kind: part for part in parts.values() if part.kind.endswith("Group")}
    assert {(part.state, part.reason) for part in groups.values()} == {(State.STALLED, Reason.CONFLICT)}
    assert not any(part.state is State.STALLED for part in parts.values() if part.kind not in groups)
    for part in groups.values():
        assert "delete the existing one" in part.message
    world.pass_time(60)
    world.aws.rds.groups.subnet_groups.clear()
    world.aws.rds.groups.parameter_groups.clear()
    (found,) = world.aws.clients["ec2"].describe_security_groups(
        Filters=[{"Name": f"tag:{names.TAG_NAME}", "Values": [world.name]}]
    )["SecurityGroups"]
    world.aws.clients["ec2"].delete_security_group(GroupId=found["GroupId"])
    await world.ready(spec)
    assert world.accepted().count("CreateDBInstance") == 2


async def test_what_is_no_longer_declared_goes_or_is_kept(world: World) -> None:
    """The consent to delete data is gone with the declaration."""
    await world.ready(world.every_part("Delete"))
    seen: list[Part] = []
    for _ in range(40):
        provided = await world.step({})
        seen += provided.left
        world.advance(provided.parts)
        if not provided.parts:
            break
    assert provided.parts == ()
    assert world.kinds() == KEPT | {"Topic"}
    assert {tags[names.TAG_RETAINED] for tags in world.holdings().values()} == {"true"}
    reasons = {event.reason for part in seen for event in part.events}
    assert {Reason.DATABASE_RETAINED, Reason.TABLE_RETAINED, Reason.MESSAGING_RETAINED} <= reasons
