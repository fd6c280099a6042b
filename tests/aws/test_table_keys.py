"""The KMS key of a table: set at its creation, changed once the role may use the new one, kept if none is named."""

from dataclasses import replace
from typing import Any

import pytest

from microservice_operator.aws.dynamodb.desired import DesiredTable
from microservice_operator.facts import State
from microservice_operator.resources import Consent
from tests.aws.conftest import World, drive, table

KEY, OTHER = (f"arn:aws:kms:us-east-1:123456789012:key/{digit * 8}-7c0e-4b43-9a52-0d2f6f1f0c11" for digit in "12")


def creation(world: World) -> dict[str, Any]:
    (call,) = (call for call in world.proxy.calls if call.action == "CreateTable")
    return call.body


async def test_a_new_table_gets_the_key_of_the_environment(world: World) -> None:
    part = await drive(world, DesiredTable(table(), key=KEY))
    assert (part.state, part.message) == (State.READY, "")
    assert creation(world)["SSESpecification"] == {"Enabled": True, "SSEType": "KMS", "KMSMasterKeyId": KEY}


async def test_without_a_key_dynamodb_chooses(world: World) -> None:
    part = await drive(world, DesiredTable(table()))
    assert (part.state, part.message) == (State.READY, "")
    assert "SSESpecification" not in creation(world)


async def test_a_table_keeps_its_key_if_the_environment_names_none(world: World) -> None:
    """To go back to a key of DynamoDB would be a step down that nobody asked for."""
    wanted = DesiredTable(table(), key=KEY)
    part = await drive(world, wanted)
    wanted = replace(wanted, known={"Table": part.id})
    writes = world.proxy.writes()
    part = await drive(world, replace(wanted, key=""))
    assert (part.state, part.message) == (
        State.READY,
        f"it keeps its KMS key {KEY}, because aws.tableKeyARN of the Environment names no other",
    )
    assert (await drive(world, wanted)).message == ""
    assert world.proxy.writes() == writes


@pytest.mark.parametrize("before", [KEY, ""])
async def test_the_key_changes_once_the_role_may_use_the_new_one(world: World, before: str) -> None:
    wanted = DesiredTable(table(), key=before)
    part = await drive(world, wanted)
    writes = world.proxy.writes()
    wanted = replace(wanted, known={"Table": part.id}, key=OTHER, key_allowed=False)
    part = await drive(world, wanted)
    assert part.state is State.READY
    assert part.message == f"KMS key {OTHER} will encrypt it as soon as the service's role may use that key"
    assert world.proxy.writes() == writes
    part = await drive(world, replace(wanted, key_allowed=True))
    assert (part.state, part.message) == (State.READY, "")
    assert world.proxy.writes()[len(writes) :] == ["UpdateTable"]
    assert set(world.strict.keys.values()) == {OTHER}
    await drive(world, replace(wanted, key_allowed=True))
    assert world.proxy.writes()[len(writes) :] == ["UpdateTable"]


async def test_the_key_of_an_adopted_table_stays(world: World) -> None:
    name = f"legacy-{world.scope.owner.identity.name}"
    world.client.create_table(
        TableName=name,
        KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
        AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}],
        BillingMode="PAY_PER_REQUEST",
    )
    adoption = Consent(allowed=True, item="yes")
    part = await drive(world, DesiredTable(table(adopt={"name": name}), key=KEY, adoption=adoption))
    assert part.state is State.READY
    assert not [call for call in world.proxy.calls if "SSESpecification" in call.body]
