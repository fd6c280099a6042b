"""From the order to CONFIRMED: outbox, topic, queue, inbox, dead letters."""

import asyncio
import json
import subprocess
import sys
from collections.abc import AsyncIterator, Callable, Iterator
from dataclasses import dataclass, field, replace
from itertools import pairwise
from typing import Any
from uuid import UUID, uuid4

import httpx2
import psycopg
import pytest

from order_service.aws import Aws
from order_service.consumer import Consumer
from order_service.event_queue import Queue
from order_service.events import Event
from tests.services.conftest import CREDENTIALS, REGION
from tests.services.customer import Customer, Shop
from tests.services.order_messaging import Messaging, messaging
from tests.services.processes import Service, environment, migrate
from tests.services.shop_postgres import Database, ShopPostgres

Start = Callable[..., Service]


@dataclass(frozen=True)
class EventSetup:
    """An order service with topic and queue, and a customer."""

    order: Service
    customer: Customer
    database: Database
    messages: Messaging
    http: httpx2.AsyncClient

    async def status(self, order_id: str) -> str:
        return str((await self.http.get(f"{self.order.url}/orders/{order_id}")).json()["status"])

    async def until(self, order_id: str, status: str) -> None:
        while await self.status(order_id) != status:  # noqa: ASYNC110  (in another process; the test has a time limit)
            await asyncio.sleep(0.1)

    async def until_there_are(self, count: int, url: str) -> None:
        while self.messages.waiting(url) != count:  # noqa: ASYNC110  (as above)
            await asyncio.sleep(0.1)

    def run(self, statement: str, *parameters: object) -> list[tuple[object, ...]]:
        with psycopg.connect(self.database.owner_url, autocommit=True) as connection:
            cursor = connection.execute(statement.encode(), parameters)
            return cursor.fetchall() if cursor.description else []

    async def stored_without_goods(self, order_id: str) -> None:
        """Store an order whose reservation was released."""
        await self.http.delete(f"{self.customer.shop.product.url}/reservations/{order_id}")
        self.stored_without_reservation(order_id)

    def stored_without_reservation(self, order_id: str) -> None:
        """Store an order whose reservation product does not know."""
        self.run("INSERT INTO orders VALUES (%s, %s, 5, 'PENDING')", order_id, uuid4())


@pytest.fixture(scope="module")
def messages(aws_url: str, shop: Shop) -> Iterator[Messaging]:
    assert shop  # which waits for the emulator
    with messaging(aws_url, "wired", visibility_seconds=2, receives=2) as made:
        yield made


@pytest.fixture(scope="module")
def event_setup(
    shop: Shop, start: Start, postgres: ShopPostgres, messages: Messaging, http: httpx2.AsyncClient
) -> EventSetup:
    database = postgres.create("wired")
    migrate("order", database.owner_url)
    urls = {"USER_URL": shop.user.url, "PRODUCT_URL": shop.product.url}
    calm = {"UPSTREAM_TIMEOUT_SECONDS": "30", "REQUEST_TIMEOUT_SECONDS": "4"}
    order = start("order", DATABASE_URL=database.url, **urls, **calm, **messages.variables).wait_until("/ready")
    return EventSetup(order, Customer(http, replace(shop, order=order)), database, messages, http)


async def test_an_order_goes_through_topic_and_queue_in_one_trace(event_setup: EventSetup, shop: Shop) -> None:
    trace_id = uuid4().hex
    buyer, lamp = await event_setup.customer.sign_up(), await event_setup.customer.product(5, price="19.99")
    event_setup.messages.taken(event_setup.messages.audit_url)

    placed = await event_setup.customer.order(buyer, (lamp, 2), traceparent=f"00-{trace_id}-00f067aa0ba902b7-01")

    order = placed.json()
    assert (placed.status_code, order["status"]) == (201, "PENDING")
    await event_setup.until(order["orderId"], "CONFIRMED")
    assert await event_setup.customer.stock(lamp) == 3
    reservation = (await event_setup.http.get(f"{shop.product.url}/reservations/{order['orderId']}")).json()
    assert reservation["status"] == "CONFIRMED"
    (received,) = event_setup.messages.taken(event_setup.messages.audit_url)
    assert json.loads(received["Body"]) == {
        "id": order["orderId"],
        "customerId": buyer,
        "items": [{"productId": lamp, "quantity": 2, "unitPrice": "19.99"}],
        "total": "39.98",
    }
    lines = [line for line in event_setup.order.log_lines if line.get("orderId") == order["orderId"]]
    assert [line["message"] for line in lines] == ["order created", "event published", "order confirmed"]
    assert {line["traceId"] for line in lines} == {trace_id}
    assert {line["total"] for line in lines if "total" in line} == {"39.98"}
    routes = {line["route"] for line in shop.product.log_lines if line["traceId"] == trace_id and "route" in line}
    assert routes == {"/reservations", "/reservations/{reservationId}/confirm"}


async def test_a_repeated_event_changes_nothing(event_setup: EventSetup) -> None:
    buyer, lamp = await event_setup.customer.sign_up(), await event_setup.customer.product(5)
    event_setup.messages.taken(event_setup.messages.audit_url)
    order = (await event_setup.customer.order(buyer, (lamp, 1))).json()
    await event_setup.until(order["orderId"], "CONFIRMED")
    before = (await event_setup.http.get(f"{event_setup.order.url}/orders/{order['orderId']}")).json()
    (received,) = event_setup.messages.taken(event_setup.messages.audit_url)
    attributes = {name: value["StringValue"] for name, value in received["MessageAttributes"].items()}
    envelope = {
        "Type": "Notification",
        "Message": received["Body"],
        "MessageAttributes": {name: {"Type": "String", "Value": value} for name, value in attributes.items()},
    }

    event_setup.messages.send(received["Body"], **attributes)
    event_setup.messages.send(json.dumps(envelope))
    event_setup.messages.send(received["Body"], **(attributes | {"eventId": str(uuid4())}))
    await event_setup.until_there_are(0, event_setup.messages.queue_url)

    assert (await event_setup.http.get(f"{event_setup.order.url}/orders/{order['orderId']}")).json() == before
    assert await event_setup.customer.stock(lamp) == 4
    assert event_setup.messages.waiting(event_setup.messages.dead_url) == 0


async def test_an_order_with_an_expired_reservation_is_cancelled(event_setup: EventSetup) -> None:
    order_id = str(uuid4())
    await event_setup.stored_without_goods(order_id)

    event_setup.messages.send(json.dumps({"id": order_id}), eventId=str(uuid4()))

    await event_setup.until(order_id, "CANCELLED")


async def test_an_order_with_an_unknown_reservation_is_not_cancelled(event_setup: EventSetup) -> None:
    """Its goods may be sold: only a person can decide, and a release of the reservation then cancels it."""
    order_id = str(uuid4())
    event_setup.stored_without_reservation(order_id)

    event_setup.messages.send(json.dumps({"id": order_id}), eventId=str(uuid4()))
    await event_setup.until_there_are(1, event_setup.messages.dead_url)

    assert await event_setup.status(order_id) == "PENDING"
    await event_setup.http.delete(f"{event_setup.customer.shop.product.url}/reservations/{order_id}")
    redrive(event_setup)
    await event_setup.until(order_id, "CANCELLED")
    assert event_setup.messages.waiting(event_setup.messages.dead_url) == 0


async def test_unhandled_messages_become_dead_letters_and_can_be_redriven(event_setup: EventSetup) -> None:
    late = str(uuid4())
    event_setup.messages.send("this is not an event")
    event_setup.messages.send(json.dumps({"id": late}), eventId=str(uuid4()))
    await event_setup.until_there_are(2, event_setup.messages.dead_url)
    await event_setup.stored_without_goods(late)  # fixes the cause

    listed, after_listing = redrive(event_setup, "--list"), event_setup.messages.waiting(event_setup.messages.dead_url)
    moved = redrive(event_setup)

    assert (listed.splitlines()[-1], after_listing) == ("2 dead letters", 2)
    assert moved == "2 dead letters moved back into the queue\n"
    await event_setup.until(late, "CANCELLED")
    await event_setup.until_there_are(1, event_setup.messages.dead_url)
    assert [message["Body"] for message in event_setup.messages.taken(event_setup.messages.dead_url)] == [
        "this is not an event"
    ]


def redrive(event_setup: EventSetup, *options: str) -> str:
    unreachable = {"USER_URL": "http://127.0.0.1:9", "PRODUCT_URL": "http://127.0.0.1:9"}
    variables = {"DATABASE_URL": event_setup.database.url, **unreachable, **event_setup.messages.variables}
    done = subprocess.run(
        [sys.executable, "-W", "error", "-m", "order_service", "redrive", *options],
        env=environment("order", **variables),
        capture_output=True,
        text=True,
        check=True,
    )
    return done.stdout


@dataclass
class Outage:
    """A consumer of its own queue, whose dependencies fail on demand."""

    consumer: Consumer
    send: Callable[[], UUID]
    reads_fail: bool = False
    writes_fail: bool = False
    tried: list[UUID] = field(default_factory=list)
    handled: list[UUID] = field(default_factory=list)

    async def handle(self, event: Event) -> None:
        self.tried.append(event.event_id)
        if self.writes_fail:
            raise ConnectionError
        self.handled.append(event.event_id)

    async def check_dependencies(self) -> None:
        if self.reads_fail:
            raise ConnectionError


@pytest.fixture
async def outage(messages: Messaging, aws_url: str, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Outage]:
    for name, value in {**CREDENTIALS, "AWS_ENDPOINT_URL": aws_url}.items():
        monkeypatch.setenv(name, value)
    attributes: Any = {"VisibilityTimeout": "30"}
    queue_url = messages.sqs.create_queue(QueueName=f"outage-{uuid4()}", Attributes=attributes)["QueueUrl"]

    def send() -> UUID:
        event_id = uuid4()
        replace(messages, queue_url=queue_url).send(json.dumps({"id": str(uuid4())}), eventId=str(event_id))
        return event_id

    aws = Aws(REGION, 1)
    made = Outage(None, send)  # type: ignore[arg-type]  # set in the next line: both need the other
    made.consumer = Consumer(Queue(aws, queue_url, 1), made.handle, made.check_dependencies, retry_seconds=1)
    yield made
    await aws.close()


async def test_the_consumer_receives_nothing_while_a_dependency_is_away(outage: Outage) -> None:
    """Otherwise a long outage would move every message to the dead letter queue."""
    event_id = outage.send()
    outage.reads_fail = outage.writes_fail = True

    for _ in range(5):
        with pytest.raises(ConnectionError):
            await outage.consumer.step()

    assert outage.tried == [event_id]
    outage.reads_fail = outage.writes_fail = False
    while not outage.handled:
        await outage.consumer.step()
    assert outage.handled == [event_id]


async def test_the_consumer_tries_one_message_while_only_writes_fail(outage: Outage) -> None:
    sent = {outage.send() for _ in range(8)}
    outage.writes_fail = True
    with pytest.raises(ConnectionError):
        await outage.consumer.step()
    first = len(outage.tried)

    failed = 0
    while failed < 4:
        try:
            await outage.consumer.step()
        except ConnectionError:
            failed += 1

    assert len(outage.tried) == first + 4
    outage.writes_fail = False
    while set(outage.handled) != sent:
        await outage.consumer.step()
    assert len(outage.handled) == len(sent)


async def test_a_message_that_fails_is_received_less_and_less_often(outage: Outage) -> None:
    outage.send()
    outage.writes_fail = True
    clock, times = asyncio.get_running_loop().time, list[float]()

    while len(times) < 4:
        try:
            await outage.consumer.step()
        except ConnectionError:
            times.append(clock())

    waits = [later - earlier for earlier, later in pairwise(times)]
    assert [wait >= least for wait, least in zip(waits, (0.9, 1.9, 3.9), strict=True)] == [True] * 3, waits


async def test_recovery_undoes_the_order_of_a_killed_process(event_setup: EventSetup, shop: Shop) -> None:
    lamp, order_id = await event_setup.customer.product(inventory=5), str(uuid4())
    wanted = {"reservationId": order_id, "items": [{"productId": lamp, "quantity": 2}]}
    await event_setup.http.post(f"{shop.product.url}/reservations", json=wanted)
    reserved = await event_setup.customer.stock(lamp)

    event_setup.run("INSERT INTO placements VALUES (%s, 'a-key', 'f', 'OPEN', now() - interval '1 second')", order_id)

    assert reserved == 3
    while event_setup.run("SELECT 1 FROM placements WHERE order_id = %s", order_id):  # noqa: ASYNC110  (as above)
        await asyncio.sleep(0.1)
    assert await event_setup.customer.stock(lamp) == 5
