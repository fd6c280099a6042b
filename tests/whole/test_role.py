"""An Environment with a role: every call of every part of a Microservice has the credentials of that role."""

from microservice_operator.facts import Reason, State

from .world import World

ROLE, UNTRUSTED = (f"arn:aws:iam::123456789012:role/platform/{name}" for name in ("operator", "untrusted"))
SERVICES = {"apigateway", "dynamodb", "ec2", "eks", "iam", "rds", "secretsmanager", "sns", "sqs", "sts"}


def assume(world: World, role: str = ROLE) -> None:
    world.aws_spec |= {"roleARN": role, "externalID": "prod"}
    world.aws.sts.external_ids = {ROLE: "prod"}


async def test_every_call_is_made_with_the_role(world: World) -> None:
    assume(world)
    spec = world.every_part("Delete")
    await world.ready(spec)
    await world.quiet(spec)
    await world.leave()
    others = {call.action for call in world.calls() if call.access_key not in world.aws.sts.roles}
    # an association is only made if the operator's own account is the cluster's
    assert others <= {"AssumeRole", "GetCallerIdentity"}
    assert {call.service for call in world.calls()} >= SERVICES
    assert world.kinds() == set()


async def test_a_role_under_what_exists_changes_nothing(world: World) -> None:
    """It is another way into the same account."""
    spec = world.every_part()
    before = await world.ready(spec)
    assume(world)
    writes = world.writes()
    after = await world.ready(spec)
    assert world.writes() == writes
    assert {key: part.id for key, part in after.items() if key[0] != "API"} == {
        key: part.id for key, part in before.items() if key[0] != "API"
    }
    await world.quiet(spec)


async def test_while_the_role_is_refused_nothing_is_deleted_and_all_is_remembered(world: World) -> None:
    spec = world.every_part("Delete")
    await world.ready(spec)
    before, known, writes = world.holdings(), dict(world.known), world.writes()
    assume(world, UNTRUSTED)
    parts = (await world.step(spec)).parts
    told = [part for part in parts if part.reason is Reason.ASSUME_ROLE_REFUSED]
    assert {part.state for part in told} == {State.STALLED}
    assert all(UNTRUSTED in part.message for part in told)
    assert {key: id_ for key, id_ in world.known.items() if id_} == {key: id_ for key, id_ in known.items() if id_}
    for _ in range(3):
        assert not all(part.is_over for part in await world.leave_once())
    assert (world.holdings(), world.writes()) == (before, writes)
