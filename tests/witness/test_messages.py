"""What the policies do that the operator writes: messages arrive in a queue from its topics only, and only with TLS."""

from collections.abc import Iterator
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError

from microservice_operator.api.parsing import Identity
from tests.whole.world import Driver, Objects

from .changes import named
from .conftest import Deciding, end
from .world import REGION, reconciler

SPEC = {
    "topics": [{"name": "created", "deletionPolicy": "Delete"}, {"name": "other", "deletionPolicy": "Delete"}],
    "queues": [{"name": "events", "deletionPolicy": "Delete"}],
    "subscriptions": [
        {"topic": {"microservice": "<name>", "name": "created"}, "queue": "events", "filterPolicy": {"kind": ["paid"]}}
    ],
}


@pytest.fixture
def driver(deciding: Deciding) -> Iterator[Driver]:
    objects = Objects()
    process = reconciler(deciding.url, objects, [])
    aws = {name: value for name, value in deciding.account.aws("prod").items() if name != "identity"}
    identity = Identity("shop", "order", "uid")
    yield Driver(deciding.proxy, [], process, objects, identity, aws, {"small": "db.t4g.small"})
    end(process)


@pytest.fixture
def clients(deciding: Deciding) -> Iterator[dict[str, Any]]:
    """Clients of the user, by service, and one of SQS that calls without TLS."""
    session: Any = boto3.session.Session(region_name=REGION)
    made = {name: session.client(name, endpoint_url=deciding.url) for name in ("sns", "sqs")}
    made["sqs without TLS"] = session.client("sqs", endpoint_url=deciding.account.address)
    yield made
    for client in made.values():
        client.close()


def publish(clients: dict[str, Any], topic: str, kind: str) -> None:
    """Publish a message with an attribute that the filter reads."""
    attributes = {"kind": {"DataType": "String", "StringValue": kind}}
    clients["sns"].publish(TopicArn=topic, Message=kind, MessageAttributes=attributes)


def received(clients: dict[str, Any], queue: str) -> list[str]:
    """What is in the queue, or comes within a second."""
    asked = {"QueueUrl": queue, "MaxNumberOfMessages": 10, "WaitTimeSeconds": 1, "VisibilityTimeout": 0}
    answer = clients["sqs"].receive_message(**asked)
    return [message["Body"] for message in answer.get("Messages", [])]  # the operator subscribes with raw delivery


async def test_a_queue_gets_the_messages_of_its_topics_that_pass_the_filter(
    clients: dict[str, Any], driver: Driver
) -> None:
    parts = await driver.ready(named(SPEC, driver.name))
    created, other = (parts["Topic", name].id for name in ("created", "other"))
    arn = parts["Queue", "events"].id
    queue = clients["sqs"].get_queue_url(QueueName=arn.rpartition(":")[2])["QueueUrl"]
    # by hand: the queue's policy does not name this topic
    clients["sns"].subscribe(TopicArn=other, Protocol="sqs", Endpoint=arn)
    publish(clients, other, "paid")
    assert received(clients, queue) == []
    publish(clients, created, "cancelled")
    publish(clients, created, "paid")
    assert received(clients, queue) == ["paid"]


async def test_a_queue_refuses_a_connection_without_tls(clients: dict[str, Any], driver: Driver) -> None:
    parts = await driver.ready(named(SPEC, driver.name))
    name = parts["Queue", "events"].id.rpartition(":")[2]
    assert clients["sqs"].get_queue_url(QueueName=name)
    with pytest.raises(ClientError, match="explicit deny in a resource-based policy"):
        clients["sqs without TLS"].get_queue_url(QueueName=name)
