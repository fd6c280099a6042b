"""The release of expired reservations: a reservation that cannot be released does not block the others."""

import asyncio
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import boto3
import httpx2
import pytest

from product_service.expiry_index import PAGE, SHARDS
from product_service.items import HELD_SHARDS
from tests.services.conftest import REGION
from tests.services.processes import Service
from tests.services.test_reservations import ReservationClient

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

PRODUCTS, RESERVATIONS = "shop-products", "shop-reservations"


@pytest.fixture
def client(http: httpx2.AsyncClient, product: Service) -> ReservationClient:
    return ReservationClient(http, product)


@pytest.fixture
def dynamodb(aws_url: str, product: Service) -> Iterator["DynamoDBClient"]:
    assert product  # which waits for the emulator
    client = boto3.session.Session("test", "test", region_name=REGION).client("dynamodb", endpoint_url=aws_url)
    yield client
    client.close()


async def until_ended(client: ReservationClient, *keys: str) -> None:
    for key in keys:
        while await client.status(key) == "HELD":  # noqa: ASYNC110  (another process changes it; the test has a time limit)
            await asyncio.sleep(0.1)


async def failures(client: ReservationClient) -> float:
    metrics = (await client.http.get(client.url.replace("/reservations", "/metrics"))).text
    name = 'reservations_expired_total{result="failed"}'
    return sum(float(line.split()[-1]) for line in metrics.splitlines() if line.startswith(name))


def held_item(key: str, shard: str, **changes: Any) -> Any:
    """Return an expired reservation without products."""
    item = {
        "reservationId": {"S": key},
        "status": {"S": "HELD"},
        "held": {"S": shard},
        "expiresAt": {"N": "1"},
        "items": {"L": []},
    }
    return {name: value for name, value in (item | changes).items() if value}


async def test_a_deleted_product_blocks_neither_its_own_reservation_nor_later_ones(
    client: ReservationClient, dynamodb: "DynamoDBClient"
) -> None:
    gone, kept, later = [await client.product(5) for _ in range(3)]
    first, second = str(uuid4()), str(uuid4())
    await client.reserve(first, (gone, 1), (kept, 2), ttlSeconds=1)
    dynamodb.delete_item(TableName=PRODUCTS, Key={"productId": {"S": gone}})
    await client.reserve(second, (later, 3), ttlSeconds=2)

    await until_ended(client, first, second)

    assert [await client.status(first), await client.status(second)] == ["RELEASED", "RELEASED"]
    assert [await client.stock(kept), await client.stock(later)] == [5, 5]
    assert (await client.release(first)).status_code == 204
    assert (await client.http.get(f"{client.products}/{gone}")).status_code == 404


async def test_unreadable_reservations_do_not_block_later_ones(
    client: ReservationClient, dynamodb: "DynamoDBClient"
) -> None:
    before, shard = await failures(client), HELD_SHARDS[3]
    unreadable = [str(uuid4()) for _ in range(PAGE + 1)]
    later = str(uuid4())
    try:
        for key in unreadable:
            dynamodb.put_item(TableName=RESERVATIONS, Item=held_item(key, shard, items=None))
        dynamodb.put_item(TableName=RESERVATIONS, Item=held_item(later, shard, expiresAt={"N": "2"}))

        await until_ended(client, later)

        assert await client.status(later) == "RELEASED"
        assert await failures(client) >= before + len(unreadable)
    finally:
        for key in unreadable:
            dynamodb.delete_item(TableName=RESERVATIONS, Key={"reservationId": {"S": key}})


@pytest.mark.parametrize("shard", SHARDS)
async def test_every_shard_is_swept_and_that_of_earlier_versions(
    shard: str, client: ReservationClient, dynamodb: "DynamoDBClient"
) -> None:
    key = str(uuid4())

    dynamodb.put_item(TableName=RESERVATIONS, Item=held_item(key, shard))

    await until_ended(client, key)
    assert await client.status(key) == "RELEASED"


async def test_reservations_are_spread_over_the_shards(client: ReservationClient, dynamodb: "DynamoDBClient") -> None:
    lamp, keys = await client.product(50), [str(uuid4()) for _ in range(40)]
    await asyncio.gather(*(client.reserve(key, (lamp, 1), ttlSeconds=600) for key in keys))

    items = [dynamodb.get_item(TableName=RESERVATIONS, Key={"reservationId": {"S": key}})["Item"] for key in keys]

    shards = {item["held"]["S"] for item in items}
    assert shards <= set(HELD_SHARDS)
    assert len(shards) >= 8
    await asyncio.gather(*(client.release(key) for key in keys))
