"""Many orders while order pods are killed repeatedly and SNS loses and duplicates calls: everything adds up."""

import asyncio
import json
import os
import random
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, ClassVar
from uuid import uuid4

import boto3
import httpx2
import psycopg
import pytest

from tests.fakes.aws.proxy import Answer, Call, Emulator, Proxy
from tests.services.conftest import REGION
from tests.services.customer import Customer, Shop, token_of
from tests.services.order_messaging import Messaging, messaging
from tests.services.processes import Service, migrate
from tests.services.shop_postgres import Database, ShopPostgres

ORDERS = int(os.environ.get("STORM_ORDERS", "100"))
"""STORM_ORDERS=1000 takes several minutes."""
KILLS = 1 + ORDERS // 50  # bounded, because on a busy machine a pod may need longer for its start than it then lives
BUYERS = 24
PRODUCTS = 5
STOCK = 5_000
Start = Callable[..., Service]
SEED = 20261128


class Storm(Proxy):
    """A proxy for SNS and SQS: it loses requests, loses responses and repeats requests."""

    dice: ClassVar = random.Random(SEED)
    happened: ClassVar = Counter[str]()
    url = ""

    def fault(self, call: Call) -> str | Answer:
        """Drop the responses of 10 % and the requests of 5 % of the calls to SNS, and fewer for SQS."""
        chances = {"PublishBatch": (0.05, 0.15), "DeleteMessageBatch": (0.02, 0.05)}.get(call.action, (0.0, 0.0))
        roll = self.dice.random()
        effect = "drop-before" if roll < chances[0] else "drop-after" if roll < chances[1] else ""
        if effect:
            self.happened[f"{call.action} {effect}"] += 1
        return effect


def doubling(call: Call, emulator: Emulator) -> Answer:
    """Perform some calls twice, as a retrying network layer can do."""
    if call.action == "PublishBatch" and Storm.dice.random() < 0.1:
        Storm.happened["PublishBatch done twice"] += 1
        emulator(call)
    return emulator(call)


class Killer(threading.Thread):
    """Kills working pods at random times, and restarts them."""

    def __init__(self, pods: list[Service]) -> None:
        super().__init__(daemon=True)
        self._pods = pods
        self._over = threading.Event()
        self.kills = 0

    def run(self) -> None:
        """Run until `stop`, or until all kills have happened."""
        dice = random.Random(SEED)
        while not self._over.is_set() and self.kills < KILLS:
            pod = dice.choice(self._pods)
            pod.wait_until("/ready")
            if not self._over.wait(dice.uniform(2, 10)):
                pod.kill_and_start_again()
                self.kills += 1

    def stop(self) -> None:
        """Stop killing pods."""
        self._over.set()
        self.join()


@dataclass
class Buying:
    """Places each order once, under an idempotency key, and retries until it succeeds."""

    http: httpx2.AsyncClient
    pods: list[Service]
    buyer: str
    products: list[str]
    placed: dict[str, str]
    repeated: int = 0

    async def all(self) -> None:
        wanted = iter(range(ORDERS))

        async def one_after_the_other() -> None:
            for number in wanted:
                await self._one(number)

        await asyncio.gather(*(one_after_the_other() for _ in range(BUYERS)))

    async def _one(self, number: int) -> None:
        key = str(uuid4())
        items = [{"productId": self.products[number % PRODUCTS], "quantity": 1 + number % 3}]
        body = {"customerId": self.buyer, "items": items}
        for pod in self._turns(number):
            try:
                answer = await self.http.post(
                    f"{pod.url}/orders", json=body, headers={**token_of(self.buyer), "Idempotency-Key": key}
                )
            except httpx2.TransportError:
                answer = None
            if answer is not None and answer.status_code == 201:
                self.placed[key] = answer.json()["orderId"]
                return
            assert answer is None or answer.status_code in {503, 504} or "in-progress" in answer.text, answer.text
            self.repeated += 1
            await asyncio.sleep(1)

    def _turns(self, number: int) -> Iterator[Service]:
        while True:
            number += 1
            yield self.pods[number % len(self.pods)]


@dataclass(frozen=True)
class StormSetup:
    """Two pods with their own database, topic and queue, and a customer."""

    customer: Customer
    pods: list[Service]
    database: Database
    messages: Messaging
    storm: Storm

    async def until_settled(self) -> None:
        """Wait until no order and no event is in progress."""
        open_ends = """
            SELECT (SELECT count(*) FROM outbox) + (SELECT count(*) FROM orders WHERE status = 'PENDING')
                 + (SELECT count(*) FROM placements WHERE state <> 'STORED')
        """
        while self.rows(open_ends) != [(0,)] or self.messages.waiting(self.messages.queue_url):  # noqa: ASYNC110  (in other processes; the test has a time limit)
            await asyncio.sleep(0.3)

    def rows(self, query: str) -> list[tuple[Any, ...]]:
        with psycopg.connect(self.database.owner_url) as connection:
            return connection.execute(query.encode()).fetchall()


@pytest.fixture
def storm_setup(
    http: httpx2.AsyncClient, user: Service, product: Service, start: Start, postgres: ShopPostgres, aws_url: str
) -> Iterator[StormSetup]:
    database = postgres.create("storm")
    migrate("order", database.owner_url)
    storm = Storm(aws_url, doubling)
    with messaging(aws_url, "storm", visibility_seconds=5, receives=50) as messages:
        variables = messages.variables | {
            "DATABASE_URL": database.url,
            "USER_URL": user.url,
            "PRODUCT_URL": product.url,
            "UPSTREAM_TIMEOUT_SECONDS": "3",
            "REQUEST_TIMEOUT_SECONDS": "4",  # a killed pod blocks its customers' keys for twice as long
            "BREAKER_OPEN_SECONDS": "2",
            "PENDING_SECONDS": "3600",  # only events settle orders here, however slow the machine is
            "LOG_LEVEL": "WARNING",
            "AWS_ENDPOINT_URL": storm.start(),
        }
        pods = [start("order", **variables) for _ in range(2)]
        for pod in pods:
            pod.wait_until("/ready")
        customer = Customer(http, Shop(user, product, pods[0], database))
        yield StormSetup(customer, pods, database, messages, storm)
        for pod in pods:
            pod.stop()
    storm.stop()


@pytest.mark.timeout(1200)  # a busy machine starts pods slowly, and the test restarts them often
async def test_all_orders_of_a_storm_add_up(
    storm_setup: StormSetup, aws_url: str, product_tables: dict[str, str]
) -> None:
    customer = storm_setup.customer
    products = [await customer.product(inventory=STOCK, price="2.50") for _ in range(PRODUCTS)]
    killer = Killer(storm_setup.pods)
    started = time.monotonic()
    killer.start()
    async with httpx2.AsyncClient(timeout=15, trust_env=False) as http:
        buying = Buying(http, storm_setup.pods, await customer.sign_up(), products, {})
        await buying.all()
    killer.stop()
    bought = time.monotonic()
    await storm_setup.until_settled()

    orders = {str(order_id): status for order_id, status in storm_setup.rows("SELECT order_id, status FROM orders")}
    sales = storm_setup.rows("SELECT product_id, sum(quantity) FROM order_items GROUP BY product_id")
    sold = {str(product_id): int(quantity) for product_id, quantity in sales}
    received = storm_setup.messages.taken(storm_setup.messages.audit_url)
    events = {message["MessageAttributes"]["eventId"]["StringValue"] for message in received}
    reserved = reservations(aws_url, product_tables["RESERVATIONS_TABLE"], set(orders), products)
    figures = {
        "orders": len(orders),
        "kills": killer.kills,
        "requests that were repeated": buying.repeated,
        **{f"AWS: {name}": count for name, count in sorted(storm_setup.storm.happened.items())},
        "received messages, distinct events": f"{len(received)}, {len(events)}",
        "seconds to place, to settle": f"{bought - started:.0f}, {time.monotonic() - bought:.0f}",
    }
    print("\n" + "\n".join(f"  {name}: {figure}" for name, figure in figures.items()))

    assert killer.kills >= 1
    assert len(received) > len(events), "no call was repeated: the test injected no faults"
    # Each key has exactly one order, whose id its customer received. There are no other orders.
    assert len(orders) == ORDERS
    assert set(buying.placed.values()) == set(orders)
    # Each order was published, handled once and confirmed, and so was its reservation.
    assert {body_id(message["Body"]) for message in received} == set(orders)
    assert len(events) == ORDERS
    assert storm_setup.rows("SELECT count(*) FROM inbox") == [(ORDERS,)]
    assert Counter(orders.values()) == {"CONFIRMED": ORDERS}
    assert reserved == {"CONFIRMED": ORDERS}
    # The stock decreased by exactly the sold quantity.
    assert {product: STOCK - await customer.stock(product) for product in products} == sold
    assert sum(sold.values()) == sum(1 + number % 3 for number in range(ORDERS))
    assert storm_setup.messages.waiting(storm_setup.messages.dead_url) == 0


def body_id(body: str) -> str:
    return str(json.loads(body)["id"])


def reservations(aws_url: str, table: str, orders: set[str], products: list[str]) -> Counter[str]:
    """Count the orders' reservations by status, and other reservations that still hold goods."""
    session = boto3.session.Session("test", "test", region_name=REGION)
    client = session.client("dynamodb", endpoint_url=aws_url)
    pages = client.get_paginator("scan").paginate(TableName=table, ConsistentRead=True)
    items = [item for page in pages for item in page["Items"]]
    client.close()
    ours = Counter(item["status"]["S"] for item in items if item["reservationId"]["S"] in orders)
    held = [item for item in items if item["status"]["S"] == "HELD" and item["reservationId"]["S"] not in orders]
    ours["HELD without an order"] = sum(
        line["M"]["productId"]["S"] in products for item in held for line in item["items"]["L"]
    )
    return +ours
