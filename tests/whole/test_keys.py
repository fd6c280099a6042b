"""KMS keys of the Environment: of tables and of instances, and the role's right to use the former."""

from typing import Any

from microservice_operator.aws.engine.arns import name_in_arn
from microservice_operator.facts import State

from .world import World

KEY, OTHER = (f"arn:aws:kms:us-east-1:123456789012:key/{digit * 8}-7c0e-4b43-9a52-0d2f6f1f0c11" for digit in "12")
UNUSED = f"arn:aws:kms:us-east-1:123456789012:key/{'3' * 8}-7c0e-4b43-9a52-0d2f6f1f0c11"


def table_key(world: World) -> str:
    """The key that encrypts the table."""
    name = name_in_arn(world.known["Table", "carts"])
    described = world.aws.clients["dynamodb"].describe_table(TableName=name)["Table"]
    return str(world.aws.dynamodb.keys.get(name) or described.get("SSEDescription", {}).get("KMSMasterKeyArn", ""))


def role_keys(world: World) -> set[str]:
    """The keys that the role may use."""
    role = name_in_arn(world.known["Role", "service"])
    answer = world.aws.clients["iam"].get_role_policy(RoleName=role, PolicyName="declared")
    statements: list[dict[str, Any]] = answer["PolicyDocument"]["Statement"]
    return {key for each in statements if "kms:Decrypt" in each["Action"] for key in each["Resource"]}


async def settled(world: World, spec: dict[str, Any]) -> list[str]:
    """Reconcile until nothing changes; return the writes."""
    before = len(world.writes())
    await world.ready(spec)
    world.aws.rds.settle()
    for _ in range(3):  # a table looks again for the rights of its role
        world.pass_time(10)
        await world.ready(spec)
    await world.quiet(spec)
    return world.writes()[before:]


async def test_keys_of_the_environment_from_none_to_another_to_none(world: World) -> None:
    spec = world.every_part()
    await settled(world, spec)
    assert (table_key(world), role_keys(world)) == ("", set())
    (instance,) = (i for name, i in world.aws.rds.instances.items() if world.name in name)
    first = instance["KmsKeyId"]

    world.aws_spec |= {"tableKeyARN": KEY, "databaseKeyARN": UNUSED}
    assert await settled(world, spec) == ["PutRolePolicy", "UpdateTable"]  # in this order
    assert (table_key(world), role_keys(world)) == (KEY, {KEY})

    world.aws_spec["tableKeyARN"] = OTHER
    assert await settled(world, spec) == ["PutRolePolicy", "UpdateTable"]
    assert (table_key(world), role_keys(world)) == (OTHER, {KEY, OTHER})

    del world.aws_spec["tableKeyARN"]
    assert await settled(world, spec) == []
    assert (table_key(world), role_keys(world)) == (OTHER, {KEY, OTHER})
    assert instance["KmsKeyId"] == first


async def test_a_table_keeps_its_key_while_its_role_cannot_get_the_right(world: World) -> None:
    spec = world.every_part()
    await settled(world, spec)
    world.aws_spec["tableKeyARN"] = KEY
    role = name_in_arn(world.known["Role", "service"])
    world.aws.clients["iam"].tag_role(
        RoleName=role, Tags=[{"Key": "microservice-operator.dev/uid", "Value": "another"}]
    )
    parts = await world.drive(spec, until=lambda part: part.kind == "Role" and part.state is State.STALLED)
    assert parts["Role", "service"].state is State.STALLED
    for _ in range(3):
        world.pass_time(10)
        await world.step(spec)
    assert table_key(world) == ""


async def test_a_table_is_looked_at_again_once_its_role_has_the_right(world: World) -> None:
    spec = world.every_part()
    await settled(world, spec)
    world.aws_spec["tableKeyARN"] = KEY
    waiting = (await world.step(spec)).of("Table")[0]
    assert waiting.message == f"KMS key {KEY} will encrypt it as soon as the service's role may use that key"
    looks = [(await world.step(spec)).of("Role")[0].after for _ in range(2)]
    assert looks == [10.0, None]
    await world.ready(spec)
    assert table_key(world) == KEY
