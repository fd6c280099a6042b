"""The product service stops under load: order answers at once, stops calling it, and recovers afterwards."""

import asyncio
import os
import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace

import httpx2
import psycopg
import pytest

from tests.services.customer import Customer, Shop
from tests.services.fault_proxy import FaultProxy
from tests.services.processes import Service, migrate
from tests.services.shop_postgres import Database, ShopPostgres

Start = Callable[..., Service]
OPEN_SECONDS = float(os.environ.get("BREAKER_OPEN_SECONDS", "3"))
"""Short, because every run waits for it. Set the variable to 30 for the value of production."""
DEADLINE_SECONDS = 8.0
BUYERS = 8
STOCK = 100_000


@dataclass(frozen=True)
class Asked:
    at: float
    seconds: float
    answer: httpx2.Response

    @property
    def placed(self) -> bool:
        return self.answer.status_code == 201


@dataclass
class Load:
    """Customers who keep ordering after any response."""

    customer: Customer
    buyer: str
    lamp: str
    asked: list[Asked] = field(default_factory=list)

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        tasks = [asyncio.create_task(self._buy()) for _ in range(BUYERS)]
        yield
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _buy(self) -> None:
        while True:
            started = time.monotonic()
            answer = await self.customer.order(self.buyer, (self.lamp, 1))
            self.asked.append(Asked(started, time.monotonic() - started, answer))
            await asyncio.sleep(0.05)

    async def until_placed(self) -> None:
        count = len(self.asked)
        while not any(asked.placed for asked in self.asked[count:]):  # noqa: ASYNC110  (the test has a time limit)
            await asyncio.sleep(0.05)


@dataclass(frozen=True)
class BreakerSetup:
    """An order service and its own product service, behind a proxy that records each call."""

    order: Service
    product: Service
    proxy: FaultProxy
    database: Database

    async def metric(self, http: httpx2.AsyncClient, line: str) -> float:
        text = (await http.get(f"{self.order.url}/metrics")).text
        return next((float(found.rpartition(" ")[2]) for found in text.splitlines() if found.startswith(line)), 0)

    async def until(self, http: httpx2.AsyncClient, state: int) -> float:
        """Wait for a state of the breaker (0 closed, 1 half-open, 2 open) and return the time."""
        while await self.metric(http, 'circuit_breaker_state{upstream="product"}') != state:  # noqa: ASYNC110  (as above)
            await asyncio.sleep(0.02)
        return time.monotonic()


@pytest.fixture
def breaker_setup(
    shop: Shop, start: Start, postgres: ShopPostgres, product_tables: dict[str, str], aws: dict[str, str]
) -> Iterator[BreakerSetup]:
    database = postgres.create("breaker")
    migrate("order", database.owner_url)
    product = start("product", **product_tables, **aws).wait_until("/ready")
    proxy = FaultProxy(product.port)
    with proxy.listening() as port:
        order = start(
            "order",
            DATABASE_URL=database.url,
            USER_URL=shop.user.url,
            PRODUCT_URL=f"http://127.0.0.1:{port}",
            BREAKER_OPEN_SECONDS=str(OPEN_SECONDS),
            REQUEST_TIMEOUT_SECONDS=str(DEADLINE_SECONDS),
        ).wait_until("/ready")
        yield BreakerSetup(order, product, proxy, database)
        order.stop()


async def test_product_is_stopped_under_load(
    http: httpx2.AsyncClient, customer: Customer, shop: Shop, breaker_setup: BreakerSetup
) -> None:
    proxy = breaker_setup.proxy
    lamp = await customer.product(inventory=STOCK)
    load = Load(Customer(http, replace(shop, order=breaker_setup.order)), await customer.sign_up(), lamp)
    async with load.running():
        await asyncio.sleep(2)
        await asyncio.to_thread(breaker_setup.product.stop)
        stopped, calls_before = time.monotonic(), len(proxy.requests)
        opened = await breaker_setup.until(http, 2)
        calls_at_opening = len(proxy.requests)
        await asyncio.sleep(3 * OPEN_SECONDS)
        ended, calls = time.monotonic(), len(proxy.requests)
        half_open = 'circuit_breaker_transitions_total{to="half_open",upstream="product"}'
        probes = await breaker_setup.metric(http, half_open)
        breaker_setup.product.start_again()
        await asyncio.to_thread(breaker_setup.product.wait_until, "/ready")
        back = time.monotonic()
        closed = await breaker_setup.until(http, 0)
        await load.until_placed()
    refused = [one for one in load.asked if stopped < one.at < ended]
    while_open = sorted(one.seconds for one in refused if one.at > opened)
    figures = {
        "orders asked for in the outage": len(refused),
        "calls of product in the outage": calls - calls_before,
        "calls for each order": round((calls - calls_before) / len(refused), 3),
        "opened after (s)": round(opened - stopped, 2),
        "calls while it was open": calls - calls_at_opening,
        "probes among them": int(probes),
        "slowest answer of the outage (s)": round(max(one.seconds for one in refused), 2),
        "median answer while it was open (s)": round(while_open[len(while_open) // 2], 3),
        "closed after product was back (s)": round(closed - back, 2),
    }
    print("\n" + "\n".join(f"  {name}: {figure}" for name, figure in figures.items()))

    # The machine may be busy: counts are held against the time that passed, and no order against a clock.
    assert len(refused) >= 2 * BUYERS
    for one in refused:
        problem = one.answer.json()
        assert (one.answer.status_code, problem["fallback"]) == (503, True), problem
        assert int(one.answer.headers["retry-after"]) >= 1
    assert calls - calls_before <= 1.2 * len(refused)
    assert 1 <= probes <= (ended - opened) / OPEN_SECONDS + 1
    assert calls - calls_at_opening == probes
    stored = await everything_ended(breaker_setup)
    placed = sum(one.placed for one in load.asked)
    # A buyer who was cancelled while waiting may have an order without a response.
    assert placed <= stored <= placed + BUYERS
    assert await customer.stock(lamp) == STOCK - stored


async def everything_ended(breaker_setup: BreakerSetup) -> int:
    """Wait until no placement is open, and return the number of stored orders."""
    with psycopg.connect(breaker_setup.database.owner_url, autocommit=True) as connection:
        left = "SELECT count(*) FROM placements WHERE state <> 'STORED'"
        while connection.execute(left).fetchone() != (0,):  # noqa: ASYNC110  (as above)
            await asyncio.sleep(0.2)
        (stored,) = connection.execute("SELECT count(*) FROM orders").fetchone() or (0,)
    return int(stored)
