"""Existing tables: adopted if the platform team allows it in the Environment, otherwise unchanged."""

from dataclasses import replace
from typing import Any

import pytest

from microservice_operator import names
from microservice_operator.aws.dynamodb.desired import DesiredTable
from microservice_operator.aws.dynamodb.tables import delete_table, reconcile_table, table_name, usable
from microservice_operator.facts import Part, Reason, State
from microservice_operator.ownership import Owner
from microservice_operator.resources import Consent, Removal
from microservice_operator.resync_cache import ResyncCache
from tests.aws.conftest import ACCOUNT, REGION, World, drive, table
from tests.fakes.aws.proxy import Answer

CONSENT = "shop/product:tables/legacy"
YES, NO = Consent(allowed=True, item=CONSENT), Consent(allowed=False, item=CONSENT)
INDEX = {"name": "bySku", "partitionKey": {"name": "sku"}}


def legacy(world: World) -> str:
    """A name that another owner gave it."""
    return f"legacy-{world.scope.owner.identity.name}"


def there(world: World, tags: dict[str, str] | None = None, **more: Any) -> None:
    """A table that somebody has made, with something in it."""
    attributes = [{"AttributeName": "id", "AttributeType": "S"}, *more.pop("attributes", [])]
    world.client.create_table(
        TableName=legacy(world),
        KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
        AttributeDefinitions=attributes,
        BillingMode="PAY_PER_REQUEST",
        Tags=[{"Key": key, "Value": value} for key, value in {"team": "old", **(tags or {})}.items()],
        **more,
    )
    world.client.put_item(TableName=legacy(world), Item={"id": {"S": "1"}})


def wanted(world: World, adoption: Consent | None = YES, **spec: Any) -> DesiredTable:
    declared = table(adopt={"name": legacy(world)}, **spec)
    return DesiredTable(declared, {"cost": "1"}, field="spec.tables[0]", adoption=adoption)


def described(world: World) -> dict[str, Any]:
    found: dict[str, Any] = world.client.describe_table(TableName=legacy(world))["Table"]
    return found


def tags(world: World) -> dict[str, str]:
    listed = world.client.list_tags_of_resource(ResourceArn=described(world)["TableArn"])["Tags"]
    return {tag["Key"]: tag["Value"] for tag in listed}


def arn(world: World) -> str:
    return f"arn:aws:dynamodb:{REGION}:{ACCOUNT}:table/{legacy(world)}"


async def untouched(world: World, want: DesiredTable) -> Part:
    """It needs a person, is not the service's, and nothing was written."""
    before = (described(world), tags(world))
    part = await drive(world, want)
    assert (part.state, part.reason, part.id, usable(part)) == (State.STALLED, Reason.ADOPTION_REFUSED, "", False)
    assert world.proxy.writes() == []
    assert (described(world), tags(world)) == before
    return part


async def adopted(world: World, **spec: Any) -> DesiredTable:
    part = await drive(world, wanted(world, **spec))
    assert (part.state, part.id) == (State.READY, arn(world)), part
    return replace(wanted(world, **spec), known={"Table": part.id})


async def test_nothing_is_taken_over_without_consent_and_the_message_says_how_to_give_it(world: World) -> None:
    there(world)
    part = await untouched(world, wanted(world, NO))
    assert part.message == (
        f"{arn(world)} exists and is adopted only if the Environment allows it; "
        f"ask the platform team to add {CONSENT} to the Environment's annotation {names.ANNOTATION_ADOPT}"
    )
    assert part.field == "spec.tables[0]"


async def test_with_consent_it_gets_our_marks_first_and_keeps_what_it_holds(world: World) -> None:
    there(world)
    first = await reconcile_table(world.scope, wanted(world))
    assert (first.reason, first.id) == (Reason.TABLE_UPDATING, "")
    assert world.proxy.writes() == ["TagResource"]
    want = await adopted(world)
    assert tags(world).items() >= {**world.scope.owner.marks, "team": "old", "cost": "1"}.items()
    assert world.client.get_item(TableName=legacy(world), Key={"id": {"S": "1"}})["Item"]
    assert world.proxy.writes() == ["TagResource", "UpdateContinuousBackups", "UpdateTable"]
    assert table_name(world.scope, "products") not in world.client.list_tables()["TableNames"]
    before = world.proxy.writes()
    assert (await drive(world, want)).events == ()
    assert world.proxy.writes() == before


async def test_one_that_is_not_there_is_not_made(world: World) -> None:
    part = await drive(world, wanted(world))
    assert (part.state, part.reason) == (State.STALLED, Reason.ADOPTION_REFUSED)
    assert "does not exist" in part.message
    assert world.proxy.writes() == []


@pytest.mark.parametrize("tag", [names.TAG_UID, names.TAG_CLUSTER, names.TAG_ENVIRONMENT])
async def test_what_carries_the_marks_of_another_stays_its(world: World, tag: str) -> None:
    there(world, {tag: "x", names.TAG_NAMESPACE: "sales", names.TAG_NAME: "crm"})
    assert "Microservice sales/crm" in (await untouched(world, wanted(world))).message


async def test_what_is_set_once_must_fit(world: World) -> None:
    there(world)
    part = await untouched(world, wanted(world, partitionKey={"name": "other"}))
    assert part.field == "spec.tables[0].partitionKey"
    assert "cannot be adopted" in part.message


async def test_an_index_that_would_be_lost_is_to_be_declared_first(world: World) -> None:
    keys = [{"AttributeName": "sku", "KeyType": "HASH"}]
    index = {"IndexName": "bySku", "KeySchema": keys, "Projection": {"ProjectionType": "ALL"}}
    there(world, attributes=[{"AttributeName": "sku", "AttributeType": "S"}], GlobalSecondaryIndexes=[index])
    for declared in ([], [{**INDEX, "name": "byCode"}]):  # also where another one would be made first
        part = await untouched(world, wanted(world, globalSecondaryIndexes=declared))
        assert (part.field, "would lose bySku" in part.message) == ("spec.tables[0].globalSecondaryIndexes", True)
    await adopted(world, globalSecondaryIndexes=[INDEX])


async def test_what_the_spec_does_not_mention_stays(world: World) -> None:
    there(world, StreamSpecification={"StreamEnabled": True, "StreamViewType": "NEW_IMAGE"})
    world.client.update_time_to_live(
        TableName=legacy(world), TimeToLiveSpecification={"Enabled": True, "AttributeName": "expires"}
    )
    units = {"ReadCapacityUnits": 7, "WriteCapacityUnits": 3}
    world.client.update_table(TableName=legacy(world), BillingMode="PROVISIONED", ProvisionedThroughput=units)
    part = await drive(world, wanted(world))
    unchanged = "these fields are not declared and stay unchanged: billingMode, streamViewType, timeToLiveAttribute"
    assert (part.state, unchanged in part.message) == (State.READY, True), part
    assert world.proxy.writes() == ["TagResource", "UpdateContinuousBackups", "UpdateTable"]
    found = described(world)
    assert found["StreamSpecification"] == {"StreamEnabled": True, "StreamViewType": "NEW_IMAGE"}
    assert found["ProvisionedThroughput"].items() >= units.items()
    ttl = world.client.describe_time_to_live(TableName=legacy(world))["TimeToLiveDescription"]
    assert ttl == {"TimeToLiveStatus": "ENABLED", "AttributeName": "expires"}
    # a new index of one whose capacity is not declared has what the table has
    want = replace(wanted(world, globalSecondaryIndexes=[INDEX]), known={"Table": part.id})
    assert (await drive(world, want)).state is State.READY
    assert described(world)["GlobalSecondaryIndexes"][0]["ProvisionedThroughput"].items() >= units.items()
    # a default that is written out is a word on it, though the spec is equal to the one before
    world.scope = replace(world.scope, resync_cache=ResyncCache(300))
    assert (await drive(world, want)).state is State.READY
    before = len(world.proxy.writes())
    assert (await reconcile_table(world.scope, want)).events == ()
    said = wanted(world, globalSecondaryIndexes=[INDEX], billingMode="PayPerRequest")
    assert said == replace(want, known={})
    await drive(world, replace(said, known={"Table": part.id}))
    assert world.proxy.writes()[before:] == ["UpdateTable"]
    assert described(world)["BillingModeSummary"]["BillingMode"] == "PAY_PER_REQUEST"


@pytest.mark.parametrize(
    ("manager", "environment", "fits"),
    [("CUSTOMER", "", False), ("CUSTOMER", "another", False), ("CUSTOMER", "the same", True), ("AWS", "", True)],
)
async def test_a_table_with_a_key_that_cannot_be_granted_is_not_taken_over(
    world: World, manager: str, environment: str, fits: bool
) -> None:
    key = "arn:aws:kms:us-east-1:123456789012:key/0b5c8f3a-7c0e-4b43-9a52-0d2f6f1f0c11"
    theirs = {"another": key.replace("0b5c", "1b5c"), "the same": key}.get(environment, "")
    there(world, SSESpecification={"Enabled": True, "SSEType": "KMS", "KMSMasterKeyId": key})
    world.proxy.layers = {**world.proxy.layers, "kms": lambda _call, _emulator: _key(key, manager)}
    try:
        want = replace(wanted(world), key=theirs)
        if fits:
            assert (await drive(world, want)).state is State.READY
            assert described(world)["SSEDescription"]["KMSMasterKeyArn"] == key
            return
        part = await untouched(world, want)
        assert f"is encrypted with {key}, a customer managed key" in part.message
    finally:
        world.proxy.layers = {name: layer for name, layer in world.proxy.layers.items() if name != "kms"}


def _key(arn: str, manager: str) -> Answer:
    return Answer(200, {"KeyMetadata": {"KeyId": arn.rpartition("/")[2], "Arn": arn, "KeyManager": manager}})


async def test_it_stays_ours_when_consent_is_taken_back(world: World) -> None:
    there(world)
    want = await adopted(world)
    assert (await drive(world, replace(want, adoption=NO))).state is State.READY
    changed = replace(want, adoption=NO, spec=table(adopt={"name": legacy(world)}, deletionProtection=False))
    assert (await drive(world, changed)).state is State.READY
    assert not described(world).get("DeletionProtectionEnabled")


@pytest.mark.parametrize("spec", [{}, {"adopt": {"name": "another"}}])
async def test_what_is_taken_over_is_so_for_good(world: World, spec: dict[str, Any]) -> None:
    there(world)
    want = await adopted(world)
    before = world.proxy.writes()
    refused = await drive(world, replace(want, spec=table(**spec), adoption=YES if spec else None))
    assert (refused.state, refused.reason, refused.field) == (
        State.STALLED,
        Reason.CHANGE_REFUSED,
        "spec.tables[0].adopt.name",
    )
    assert (refused.id, usable(refused)) == (arn(world), True)
    assert world.proxy.writes() == before


async def test_a_table_that_was_made_is_not_exchanged_for_another(world: World) -> None:
    there(world)
    part = await drive(world, DesiredTable(table()))
    refused = await drive(world, replace(wanted(world), known={"Table": part.id}))
    assert (refused.reason, refused.id) == (Reason.CHANGE_REFUSED, part.id)
    assert names.TAG_UID not in tags(world)


async def gone(world: World, leaving: Removal) -> Part:
    for _ in range(20):
        part = await delete_table(world.scope, leaving)
        if part.state in (State.READY, State.RETAINED):
            return part
    raise AssertionError(part)


async def test_a_deletion_leaves_alone_what_was_never_taken_over(world: World) -> None:
    there(world)
    await untouched(world, wanted(world, NO))
    left = await gone(world, Removal("products", "Delete", adopts=legacy(world)))
    assert (left.state, left.reason) == (State.RETAINED, Reason.CONFLICT)
    assert world.proxy.writes() == []


async def test_a_deletion_finds_what_status_does_not_remember_yet(world: World) -> None:
    there(world)
    await reconcile_table(world.scope, wanted(world))
    left = await gone(world, Removal("products", "Retain", adopts=legacy(world)))
    assert left.reason is Reason.TABLE_RETAINED
    assert tags(world)[names.TAG_RETAINED] == "true"


async def test_retained_and_taken_over_again_by_one_of_the_same_name(world: World) -> None:
    there(world)
    want = await adopted(world)
    assert (await gone(world, Removal("products", "Retain", want.known))).reason is Reason.TABLE_RETAINED
    owner = world.scope.owner
    world.scope = replace(world.scope, owner=Owner(owner.cluster, replace(owner.identity, uid="later")))
    # consent was for the first time: a thing of this Microservice's name is its own
    part = await drive(world, wanted(world, NO))
    assert (part.state, part.id) == (State.READY, arn(world))
    assert tags(world)[names.TAG_UID] == "later"


async def test_its_policy_may_be_to_delete_it(world: World) -> None:
    there(world)
    want = await adopted(world)
    assert (await gone(world, Removal("products", "Delete", want.known))).reason is Reason.TABLE_DELETED
    assert legacy(world) not in world.client.list_tables()["TableNames"]


async def test_one_that_is_lost_comes_back_under_its_name_and_only_if_a_person_says_so(world: World) -> None:
    there(world)
    want = await adopted(world, deletionProtection=False)
    world.client.delete_table(TableName=legacy(world))
    lost = await drive(world, want)
    assert (lost.reason, lost.id) == (Reason.TABLE_LOST, arn(world))
    assert (await drive(world, replace(want, recreate=True))).id == arn(world)
