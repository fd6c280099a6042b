"""What a Microservice left in a deleted namespace is not its namesake's in a new one, unless the platform consents.

Whoever makes a namespace anew may be another team: the marks of what was retained name the UID of the old one.
"""

from typing import Any

import pytest

from microservice_operator import names
from microservice_operator.facts import Reason, State
from microservice_operator.resync_cache import ResyncCache

from .spec import made
from .world import World, by_key

SPECS: dict[str, dict[str, Any]] = {
    "Table": {"tables": [{"name": "carts", "partitionKey": {"name": "id"}}]},
    "Queue": {"queues": [{"name": "events"}]},
    "Topic": {"topics": [{"name": "created", "deletionPolicy": "Retain"}]},
    "DatabaseInstance": {"databases": [{"name": "orders"}]},
}
IDENTITY = {"CreateRole", "CreatePodIdentityAssociation", "DeletePodIdentityAssociation", "DeleteRole"}
ITEM = {"id": {"S": "1"}}
OUTSIDE = {"Protocol": "sqs", "Endpoint": "arn:aws:sqs:us-east-1:123456789012:of-somebody"}


class Content:
    """What a resource holds, as its users write and read it."""

    def __init__(self, world: World, kind: str, id_: str) -> None:
        self._world = world
        self._kind = kind
        self._id = id_
        self._name = id_.rpartition(":")[2].rpartition("/")[2]

    def fill(self) -> None:
        clients = self._world.aws.clients
        if self._kind == "Table":
            clients["dynamodb"].put_item(TableName=self._name, Item=ITEM)
        elif self._kind == "Queue":
            url = clients["sqs"].get_queue_url(QueueName=self._name)["QueueUrl"]
            clients["sqs"].send_message(QueueUrl=url, MessageBody="kept")
        elif self._kind == "Topic":
            clients["sns"].subscribe(TopicArn=self._id, **OUTSIDE)
        else:
            self._world.aws.rds.instances[self._name]["_written"] = True

    def kept(self) -> bool:
        clients = self._world.aws.clients
        if self._kind == "Table":
            return bool(clients["dynamodb"].scan(TableName=self._name)["Items"] == [ITEM])
        if self._kind == "Queue":
            url = clients["sqs"].get_queue_url(QueueName=self._name)["QueueUrl"]
            received = clients["sqs"].receive_message(QueueUrl=url, VisibilityTimeout=0)
            return [message["Body"] for message in received.get("Messages", [])] == ["kept"]
        if self._kind == "Topic":
            listed = clients["sns"].list_subscriptions_by_topic(TopicArn=self._id)["Subscriptions"]
            return [one["Endpoint"] for one in listed] == [OUTSIDE["Endpoint"]]
        return "_written" in self._world.aws.rds.instances[self._name]


async def left_behind(world: World, kind: str) -> Content:
    """What was retained in a namespace, which has been deleted and made anew since."""
    world.external.clients.namespace_uid = lambda _namespace: "ns-1"
    parts = await world.ready(SPECS[kind])
    (id_,) = (part.id for (found, _), part in parts.items() if found == kind)
    content = Content(world, kind, id_)
    content.fill()
    await world.leave()
    assert {tags[names.TAG_RETAINED] for tags in world.holdings().values()} == {"ns-1"}
    world.again("ns-2")
    return content


@pytest.mark.parametrize("kind", SPECS)
async def test_without_consent_it_stays_as_it_is_and_the_message_names_the_consent(world: World, kind: str) -> None:
    content = await left_behind(world, kind)
    before, done = world.holdings(), len(world.accepted())
    for _ in range(3):
        parts = (await world.step(SPECS[kind])).parts
        world.advance(parts)
    held = [part for part in parts if part.state is State.STALLED]
    assert held
    for part in held:
        assert (part.reason, part.id) == (Reason.CONFLICT, "")
        assert f"shop/{world.name}:retained" in part.message
        assert names.ANNOTATION_ADOPT in part.message
    await world.leave()
    assert world.holdings() == before
    assert set(world.accepted()[done:]) <= IDENTITY, "a role of its own, which may do nothing there"
    assert content.kept()


@pytest.mark.parametrize("kind", SPECS)
async def test_with_consent_it_is_taken_over_with_what_it_holds(world: World, kind: str) -> None:
    content = await left_behind(world, kind)
    await world.step(SPECS[kind])
    done = len(world.accepted())
    world.consent = f"shop/{world.name}:retained"
    world.external.clients.resync_cache = ResyncCache(0)
    await world.ready(SPECS[kind])
    await world.quiet(SPECS[kind])
    assert set(made(world.accepted()[done:])) <= IDENTITY
    assert content.kept()
    assert {tags[names.TAG_UID] for tags in world.holdings().values()} == {world.identity.uid}
    assert not any(names.TAG_RETAINED in tags for tags in world.holdings().values())


@pytest.mark.parametrize("consent", ["shop/another:retained", "elsewhere/{}:retained", "shop/{}:tables/carts"])
async def test_consent_for_another_is_none(world: World, consent: str) -> None:
    await left_behind(world, "Table")
    world.consent = consent.format(world.name)
    parts = by_key((await world.step(SPECS["Table"])).parts)
    assert parts["Table", "carts"].reason is Reason.CONFLICT
