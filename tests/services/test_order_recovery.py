"""What nobody waits for: interrupted placements, old pending orders, purges. One bad item does not block the others."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID, uuid4

import httpx2
import prometheus_client
import pytest
import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncEngine

from order_service import recovery, sweeper
from order_service.backlog import BacklogMetrics
from order_service.cancel_order import CancelOrder
from order_service.confirm_order import ConfirmOrder
from order_service.placement_store import PURGE_BATCH, PostgresPlacements
from order_service.products import HttpProducts
from order_service.store import PostgresOrders
from order_service.tables import inbox, orders, outbox, placements
from shop_shared import postgres as connections
from shop_shared import retention
from shop_shared.resilience.upstream import Upstream, UpstreamUnavailable
from shop_shared.settings import ServiceSettings
from tests.services.processes import Service, migrate
from tests.services.shop_postgres import ShopPostgres
from tests.services.test_reservations import ReservationClient

OLD = timedelta(minutes=10)
PENDING_FOR = timedelta(minutes=5)


@dataclass(frozen=True)
class Saga:
    """The parts of the order service that run in the background, with a database of their own and the real product."""

    engine: AsyncEngine
    products: HttpProducts
    reservations: ReservationClient

    async def pending(self, age: timedelta, order_id: str | None = None) -> str:
        """Store an order of this age."""
        order_id = order_id or str(uuid4())
        values = {
            "order_id": UUID(order_id),
            "customer_id": uuid4(),
            "total_amount": 5,
            "status": "PENDING",
            "created_at": sa.cast(sa.func.now() - age, sa.DateTime),
        }
        async with self.engine.begin() as connection:
            await connection.execute(sa.insert(orders).values(values))
        return order_id

    async def status(self, order_id: str) -> str:
        async with self.engine.connect() as connection:
            query = sa.select(orders.c.status).where(orders.c.order_id == UUID(order_id))
            return str((await connection.execute(query)).scalar_one())

    async def add(self, table: sa.Table, *rows: dict[str, object]) -> None:
        async with self.engine.begin() as connection:
            await connection.execute(sa.insert(table), list(rows))

    async def count(self, table: sa.Table) -> int:
        async with self.engine.connect() as connection:
            return int((await connection.execute(sa.select(sa.func.count()).select_from(table))).scalar_one())

    def sweeper(self) -> sweeper.Sweeper:
        stored = PostgresOrders(self.engine, "EUR")
        return _sweeper(stored, self.products)


def _sweeper(stored: PostgresOrders, products: HttpProducts) -> sweeper.Sweeper:
    settle = {"PENDING": ConfirmOrder(products, stored).settle, "CANCELLING": CancelOrder(products, stored).settle}
    return sweeper.Sweeper(stored, settle, products.check, PENDING_FOR)


@pytest.fixture(scope="module")
async def engine(postgres: ShopPostgres) -> AsyncIterator[AsyncEngine]:
    database = postgres.create("recovery")
    migrate("order", database.owner_url)
    engine = connections.engine(database.url, ServiceSettings(service_name="order"))
    yield engine
    await engine.dispose()


@pytest.fixture
async def saga(engine: AsyncEngine, product: Service, http: httpx2.AsyncClient) -> AsyncIterator[Saga]:
    async with engine.begin() as connection:
        for table in (orders, outbox, placements, inbox):
            await connection.execute(sa.delete(table))
    upstream = Upstream("product", product.url)
    yield Saga(engine, HttpProducts(upstream, 600), ReservationClient(http, product))
    await upstream.close()


async def test_old_pending_orders_are_settled_without_their_event(saga: Saga) -> None:
    """More orders than a batch has an unknown reservation, and they are older than the others."""
    lamp = await saga.reservations.product(5)
    lost = [await saga.pending(2 * OLD) for _ in range(sweeper.BATCH + 1)]
    sold, expired, young = str(uuid4()), str(uuid4()), str(uuid4())
    for order_id in (sold, expired, young):
        await saga.reservations.reserve(order_id, (lamp, 1))
    await saga.reservations.release(expired)
    for order_id, age in ((sold, OLD), (expired, OLD), (young, timedelta(0))):
        await saga.pending(age, order_id)

    await saga.sweeper().step()

    assert [await saga.status(order_id) for order_id in (sold, expired, young)] == ["CONFIRMED", "CANCELLED", "PENDING"]
    # Nobody knows whether their goods are sold, so they are not cancelled.
    assert {await saga.status(order_id) for order_id in lost} == {"PENDING"}
    assert await saga.reservations.status(sold) == "CONFIRMED"
    assert await saga.reservations.status(young) == "HELD"


async def test_a_late_event_of_a_swept_order_changes_nothing(saga: Saga) -> None:
    lamp, order_id = await saga.reservations.product(5), str(uuid4())
    await saga.reservations.reserve(order_id, (lamp, 2))
    await saga.pending(OLD, order_id)
    await saga.sweeper().step()

    finished = await PostgresOrders(saga.engine, "EUR").is_finished(uuid4(), UUID(order_id))

    assert finished
    assert await saga.reservations.stock(lamp) == 3


async def test_nothing_is_swept_while_product_is_away(saga: Saga) -> None:
    await saga.pending(OLD)
    stored, away = PostgresOrders(saga.engine, "EUR"), Upstream("product", "http://127.0.0.1:9")
    products = HttpProducts(away, 600)
    failed = _value("orders_swept_total", result="failed")

    with pytest.raises(UpstreamUnavailable):
        await _sweeper(stored, products).step()
    await away.close()

    assert _value("orders_swept_total", result="failed") == failed


async def test_a_placement_that_cannot_be_undone_does_not_block_the_others(saga: Saga) -> None:
    lamp, sold, held = await saga.reservations.product(5), str(uuid4()), str(uuid4())
    for order_id in (sold, held):
        await saga.reservations.reserve(order_id, (lamp, 1))
    await saga.reservations.confirm(sold)  # nothing in the shop confirms before the order is stored
    for order_id, minutes in ((sold, 2), (held, 1)):
        due = {"due_at": sa.func.now() - timedelta(minutes=minutes)}
        values = {"order_id": UUID(order_id), "fingerprint": "f", "state": "OPEN"}
        async with saga.engine.begin() as connection:
            await connection.execute(sa.insert(placements).values(values | due))

    await recovery.Recovery(saga.products, PostgresPlacements(saga.engine, 60, "EUR")).step()

    assert await saga.reservations.status(held) == "RELEASED"
    assert await saga.reservations.stock(lamp) == 4
    assert await saga.count(placements) == 1


async def test_recovery_stops_while_product_is_away(saga: Saga) -> None:
    values = {"order_id": uuid4(), "fingerprint": "f", "state": "OPEN"}
    async with saga.engine.begin() as connection:
        due = sa.func.now() - timedelta(minutes=1)
        await connection.execute(sa.insert(placements).values(values | {"due_at": due}))
    away = Upstream("product", "http://127.0.0.1:9")
    failed = _value("order_placements_recovered_total", result="failed")

    with pytest.raises(UpstreamUnavailable):
        await recovery.Recovery(HttpProducts(away, 600), PostgresPlacements(saga.engine, 60, "EUR")).step()
    await away.close()

    assert _value("order_placements_recovered_total", result="failed") == failed
    assert await saga.count(placements) == 1


async def test_a_long_backlog_is_purged_in_several_statements(saga: Saga) -> None:
    store = PostgresPlacements(saga.engine, 60, "EUR")
    old = sa.func.now() - retention.HANDLED_EVENTS - timedelta(minutes=1)
    generated = sa.select(sa.func.gen_random_uuid(), old).select_from(sa.func.generate_series(0, PURGE_BATCH))
    async with saga.engine.begin() as connection:
        await connection.execute(sa.insert(inbox).from_select(["event_id", "handled_at"], generated))
    await saga.add(inbox, {"event_id": uuid4()})

    assert [await store.purge(), await store.purge()] == [True, False]
    assert await saga.count(inbox) == 1


async def test_the_ages_of_what_waits_are_metrics(saga: Saga) -> None:
    metrics = BacklogMetrics(PostgresOrders(saga.engine, "EUR").backlog)
    await metrics.sample()
    empty = [_value(name) for name in AGES]
    older, newer = await saga.pending(2 * OLD), await saga.pending(OLD)
    for order_id in (newer, older):  # the first event in the outbox is the oldest that is not published
        await saga.add(outbox, {"event_id": uuid4(), "order_id": UUID(order_id), "body": "{}"})

    await metrics.sample()

    pending, waiting, event = (_value(name) for name in AGES)
    assert empty == [0, 0, 0]
    assert waiting == 2
    assert 1200 <= pending < 1300
    assert 600 <= event < 700


AGES = ("orders_pending_oldest_seconds", "order_events_waiting", "order_events_waiting_oldest_seconds")


def _value(name: str, **labels: str) -> float:
    return prometheus_client.REGISTRY.get_sample_value(name, labels) or 0
