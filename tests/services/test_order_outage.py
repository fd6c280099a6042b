"""DynamoDB is away from product under load: every order settles after it is back, and none becomes a dead letter.

``OUTAGE_SECONDS=600`` runs it for ten minutes with the times of production. The default scales these times down.
"""

import asyncio
import os
import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from uuid import uuid4

import httpx2
import psycopg
import pytest
import yaml

from order_service.app import OrderSettings
from tests.fakes.aws.proxy import Answer, Call, Proxy
from tests.services.customer import Customer, Shop, token_of
from tests.services.order_messaging import Messaging, messaging
from tests.services.processes import SERVICES, Service, migrate
from tests.services.shop_postgres import Database, ShopPostgres

OUTAGE = float(os.environ.get("OUTAGE_SECONDS", "24"))
LONG = OUTAGE >= 300
BUYERS = 4 if LONG else 2
STOCK = 1_000_000
Start = Callable[..., Service]


@dataclass(frozen=True)
class Times:
    """Seconds, and the number of receives after which a message is a dead letter."""

    visibility: int
    receives: int
    retry: float
    pending: float
    breaker: float
    sample: float
    calm: float
    """load before and after the outage"""


def production() -> Times:
    spec = yaml.safe_load((SERVICES / "order" / "microservice.yaml").read_text(encoding="utf-8"))["spec"]
    (queue,) = spec["queues"]
    fields = OrderSettings.model_fields
    return Times(
        visibility=30,
        receives=queue["deadLetter"]["maxReceiveCount"],
        retry=fields["queue_retry_seconds"].default,
        pending=fields["pending_seconds"].default,
        breaker=fields["breaker_open_seconds"].default,
        sample=fields["sample_seconds"].default,
        calm=15,
    )


TIMES = production() if LONG else Times(3, 5, 1, 6, 2, 0.5, calm=3)


class DynamoDB(Proxy):
    """DynamoDB that takes reservations and refuses confirmations, or does not answer at all."""

    state = "up"

    def fault(self, call: Call) -> str | Answer:
        if self.state == "away":
            return "drop-before"
        if self.state == "refuses confirmations" and call.action == "UpdateItem":
            return Answer(500, {"__type": "com.amazonaws.dynamodb.v20120810#InternalServerError", "message": "away"})
        return ""


@dataclass
class Load:
    """Buyers that place orders one after the other, each under its key until it is placed."""

    http: httpx2.AsyncClient
    pods: list[Service]
    customer: str
    product: str
    dynamodb: DynamoDB
    placed: dict[str, str] = field(default_factory=dict)
    """order id → the state of DynamoDB when it was placed"""
    answers: Counter[str] = field(default_factory=Counter)
    over: bool = False

    async def run(self) -> None:
        await asyncio.gather(*(self._buy(number) for number in range(BUYERS)))

    async def _buy(self, number: int) -> None:
        while not self.over:
            key, placed = str(uuid4()), False
            while not placed:
                number += 1
                placed = await self._order(key, self.pods[number % len(self.pods)])
                await asyncio.sleep(1)

    async def _order(self, key: str, pod: Service) -> bool:
        items = [{"productId": self.product, "quantity": 1}]
        body, state = {"customerId": self.customer, "items": items}, self.dynamodb.state
        headers = {**token_of(self.customer), "Idempotency-Key": key}
        answer = await self.http.post(f"{pod.url}/orders", json=body, headers=headers)
        self.answers[f"{answer.status_code} while it {state}" if state != "up" else str(answer.status_code)] += 1
        if answer.status_code == 201:
            self.placed[answer.json()["orderId"]] = state
        assert answer.status_code in {201, 503, 504} or "in-progress" in answer.text, answer.text
        return answer.status_code == 201


@dataclass(frozen=True)
class OutageSetup:
    """Two order pods with their own database and queue, and a product whose DynamoDB can be away."""

    customer: Customer
    pods: list[Service]
    database: Database
    messages: Messaging
    dynamodb: DynamoDB

    def statuses(self) -> dict[str, str]:
        with psycopg.connect(self.database.owner_url) as connection:
            rows = connection.execute("SELECT order_id, status FROM orders").fetchall()
        return {str(order_id): status for order_id, status in rows}

    def pending(self) -> int:
        return Counter(self.statuses().values())["PENDING"]

    async def until_settled(self) -> None:
        """Wait until no order is pending, no order is being placed or undone, and no message is in the queue."""
        unended = b"SELECT count(*) FROM placements WHERE state <> 'STORED'"
        with psycopg.connect(self.database.owner_url, autocommit=True) as connection:
            while (  # noqa: ASYNC110  (in other processes; the test has a time limit)
                self.pending()
                or self.messages.waiting(self.messages.queue_url)
                or connection.execute(unended).fetchone() != (0,)
            ):
                await asyncio.sleep(0.5)

    async def metric(self, name: str) -> float:
        """Return the largest value of the pods."""
        values = []
        for pod in self.pods:
            text = (await self.customer.http.get(f"{pod.url}/metrics")).text
            values += [float(line.split()[-1]) for line in text.splitlines() if line.startswith(f"{name} ")]
        return max(values)


@pytest.fixture
def outage_setup(
    http: httpx2.AsyncClient,
    user: Service,
    start: Start,
    postgres: ShopPostgres,
    product_tables: dict[str, str],
    aws: dict[str, str],
) -> Iterator[OutageSetup]:
    database = postgres.create("outage")
    migrate("order", database.owner_url)
    dynamodb = DynamoDB(aws["AWS_ENDPOINT_URL"], lambda call, emulator: emulator(call), seen=set())
    quiet = {"LOG_LEVEL": "ERROR"}
    product = start("product", **product_tables, **aws | {"AWS_ENDPOINT_URL": dynamodb.start()}, **quiet)
    with messaging(aws["AWS_ENDPOINT_URL"], "outage", TIMES.visibility, TIMES.receives) as messages:
        variables = messages.variables | {
            "DATABASE_URL": database.url,
            "USER_URL": user.url,
            "PRODUCT_URL": product.url,
            "QUEUE_RETRY_SECONDS": str(int(TIMES.retry)),
            "PENDING_SECONDS": str(TIMES.pending),
            "BREAKER_OPEN_SECONDS": str(TIMES.breaker),
            "SAMPLE_SECONDS": str(TIMES.sample),
            "LOG_LEVEL": "ERROR",
        }
        product.wait_until("/ready")
        pods = [start("order", **variables).wait_until("/ready") for _ in range(2)]
        yield OutageSetup(Customer(http, Shop(user, product, pods[0], database)), pods, database, messages, dynamodb)
        for service in (*pods, product):
            service.stop()
    dynamodb.stop()


@pytest.mark.timeout(900 + 2 * OUTAGE)
async def test_every_order_settles_after_an_outage(outage_setup: OutageSetup) -> None:
    setup, customer, dynamodb = outage_setup, outage_setup.customer, outage_setup.dynamodb
    lamp = await customer.product(STOCK)
    async with httpx2.AsyncClient(timeout=30, trust_env=False) as http:
        load = Load(http, setup.pods, await customer.sign_up(), lamp, dynamodb)
        buying = asyncio.create_task(load.run())
        await asyncio.sleep(TIMES.calm)
        dynamodb.state = "refuses confirmations"
        await asyncio.sleep(OUTAGE / 4)
        dynamodb.state = "away"
        await asyncio.sleep(OUTAGE * 3 / 4)
        waiting, age = setup.pending(), await setup.metric("orders_pending_oldest_seconds")
        dynamodb.state = "up"
        ended = time.monotonic()
        await asyncio.sleep(TIMES.calm)
        load.over = True
        await buying
    await setup.until_settled()

    statuses = setup.statuses()
    figures = {
        "seconds without DynamoDB": f"{OUTAGE:.0f}, of which it only refused confirmations for {OUTAGE / 4:.0f}",
        "answers to buyers": dict(sorted(load.answers.items())),
        "orders placed while DynamoDB was": dict(Counter(load.placed.values())),
        "pending at the end of the outage": f"{waiting}, the oldest for {age:.0f} s",
        "seconds until all orders were settled": f"{time.monotonic() - ended:.0f}",
        "orders by status": dict(Counter(statuses.values())),
        "dead letters": setup.messages.waiting(setup.messages.dead_url),
    }
    print("\n" + "\n".join(f"  {name}: {figure}" for name, figure in figures.items()))

    assert waiting > 0, "nothing waited: the outage tested nothing"
    assert age > OUTAGE / 2
    assert set(load.placed) == set(statuses)
    assert set(statuses.values()) == {"CONFIRMED"}
    assert setup.messages.waiting(setup.messages.dead_url) == 0
    assert await customer.stock(lamp) == STOCK - len(statuses)
