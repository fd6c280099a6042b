"""The outbox: which pod publishes which events, and in which sequence."""

from collections.abc import AsyncIterator, Callable, Sequence
from uuid import UUID, uuid4

import pytest
import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncEngine

from order_service.events import Event
from order_service.outbox import PostgresOutbox
from order_service.relay import Relay
from order_service.tables import outbox
from shop_shared import postgres as connections
from shop_shared.settings import ServiceSettings
from tests.services.processes import migrate
from tests.services.shop_postgres import ShopPostgres

Put = Callable[[UUID], object]


@pytest.fixture(scope="module")
async def engine(postgres: ShopPostgres) -> AsyncIterator[AsyncEngine]:
    database = postgres.create("outbox")
    migrate("order", database.owner_url)
    engine = connections.engine(database.url, ServiceSettings(service_name="order"))
    yield engine
    await engine.dispose()


@pytest.fixture
async def empty(engine: AsyncEngine) -> PostgresOutbox:
    async with engine.begin() as connection:
        await connection.execute(sa.delete(outbox))
    return PostgresOutbox(engine)


async def put(engine: AsyncEngine, order_id: UUID) -> UUID:
    event = {"event_id": uuid4(), "order_id": order_id, "body": "{}"}
    async with engine.begin() as connection:
        await connection.execute(sa.insert(outbox), event)
    return event["event_id"]  # type: ignore[return-value]  # one of the values is text


async def waiting(engine: AsyncEngine) -> int:
    async with engine.connect() as connection:
        return int((await connection.execute(sa.select(sa.func.count()).select_from(outbox))).scalar_one())


async def test_two_pods_take_different_events(empty: PostgresOutbox, engine: AsyncEngine) -> None:
    ids = [await put(engine, uuid4()) for _ in range(4)]

    async with empty.batch(2) as first, empty.batch(10) as second:
        taken = [[event.event_id for event in batch.events] for batch in (first, second)]

    assert taken == [ids[:2], ids[2:]]


async def test_the_second_event_of_an_order_waits_for_the_first(empty: PostgresOutbox, engine: AsyncEngine) -> None:
    order_id = uuid4()
    ids = [await put(engine, order_id) for _ in range(3)]
    received: list[UUID] = []

    async def publish(events: Sequence[Event]) -> set[UUID]:
        assert len(events) == 1
        async with empty.batch(10) as other_pod:
            assert other_pod.events == []
        received.extend(event.event_id for event in events)
        return {event.event_id for event in events}

    relay = Relay(empty, publish)
    while await relay.step():
        pass

    assert received == ids


async def test_an_event_that_is_refused_holds_up_its_own_order_only(empty: PostgresOutbox, engine: AsyncEngine) -> None:
    stuck, other = uuid4(), uuid4()
    refused, behind, free = await put(engine, stuck), await put(engine, stuck), await put(engine, other)
    received: list[UUID] = []

    async def publish(events: Sequence[Event]) -> set[UUID]:
        received.extend(event.event_id for event in events)
        return {event.event_id for event in events} - {refused}

    relay = Relay(empty, publish)
    while await relay.step():
        pass

    assert received == [refused, free]
    assert await waiting(engine) == 2
    async with engine.begin() as connection:
        await connection.execute(sa.update(outbox).values(due_at=sa.func.now()))
    refused = uuid4()
    while await relay.step():
        pass
    assert received[2:] == [received[0], behind]


async def test_an_event_stays_when_publishing_fails(empty: PostgresOutbox, engine: AsyncEngine) -> None:
    event_id = await put(engine, uuid4())

    async def publish(events: Sequence[Event]) -> set[UUID]:
        assert events
        raise ConnectionError

    with pytest.raises(ConnectionError):
        await Relay(empty, publish).step()

    async with empty.batch(10) as batch:
        assert [event.event_id for event in batch.events] == [event_id]
