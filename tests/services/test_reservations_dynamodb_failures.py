"""Reservations while DynamoDB cancels transactions or loses responses: the goods are taken once or not at all."""

import asyncio
from collections.abc import Callable, Iterator
from typing import Any
from uuid import uuid4

import httpx2
import pytest

from tests.fakes.aws.proxy import SEEN, Answer, Fault, Proxy, refusal
from tests.services.customer import stock, stocked
from tests.services.processes import Service


def canceled(*reasons: str) -> Answer:
    """Return the error of "TransactWriteItems" in the DynamoDB API Reference."""
    body: dict[str, Any] = {
        "__type": "com.amazonaws.dynamodb.v20120810#TransactionCanceledException",
        "Message": f"Transaction cancelled, please refer cancellation reasons for specific reasons ["
        f"{', '.join(reasons)}]",
        "CancellationReasons": [{"Code": reason} for reason in reasons],
    }
    return Answer(400, body)


CONFLICT = canceled("None", "TransactionConflict")
BUSY = refusal("TransactionConflictException", "Transaction is ongoing for the item")


@pytest.fixture(scope="module")
def dynamodb(aws: dict[str, str]) -> Iterator[Proxy]:
    proxy = Proxy(aws["AWS_ENDPOINT_URL"], lambda call, emulator: emulator(call))
    operators = set(SEEN)
    yield proxy
    proxy.stop()
    # Another test compares SEEN with the operator's permissions; these calls are product's.
    SEEN.intersection_update(operators)


@pytest.fixture(scope="module")
def product(
    dynamodb: Proxy, start: Callable[..., Service], product_tables: dict[str, str], aws: dict[str, str]
) -> Service:
    through = {**aws, "AWS_ENDPOINT_URL": dynamodb.start()}
    quiet = {"EXPIRY_INTERVAL_SECONDS": "3600", "DYNAMODB_TIMEOUT_SECONDS": "30", "REQUEST_TIMEOUT_SECONDS": "60"}
    return start("product", **product_tables, **through, **quiet).wait_until("/ready")


@pytest.mark.parametrize(
    "fault",
    [
        Fault("TransactWriteItems", CONFLICT, 3),
        Fault("TransactWriteItems", "drop-before", 1),
        Fault("TransactWriteItems", "drop-after", 1),
        Fault("BatchGetItem", Answer(200, {"Responses": {}, "UnprocessedKeys": {"shop-products": {"Keys": []}}}), 1),
    ],
    ids=["canceled", "request-lost", "answer-lost", "keys-left-unread"],
)
async def test_goods_are_reserved_once(
    fault: Fault, http: httpx2.AsyncClient, product: Service, dynamodb: Proxy
) -> None:
    lamp, key = await stocked(http, f"{product.url}/products", 5), str(uuid4())
    body = {"reservationId": key, "items": [{"productId": lamp, "quantity": 2}]}
    dynamodb.faults = [fault]

    answer = await http.post(f"{product.url}/reservations", json=body)

    assert fault.times == 0
    assert (answer.status_code, answer.json()["status"]) == (201, "HELD")
    assert await stock(http, f"{product.url}/products", lamp) == 3


@pytest.mark.parametrize("effect", ["drop-before", "drop-after"])
async def test_goods_are_released_once(
    effect: str, http: httpx2.AsyncClient, product: Service, dynamodb: Proxy
) -> None:
    lamp, key = await stocked(http, f"{product.url}/products", 5), str(uuid4())
    body = {"reservationId": key, "items": [{"productId": lamp, "quantity": 2}]}
    await http.post(f"{product.url}/reservations", json=body)
    dynamodb.faults = [Fault("TransactWriteItems", CONFLICT, 1), Fault("TransactWriteItems", effect, 1)]

    released = await asyncio.gather(*(http.delete(f"{product.url}/reservations/{key}") for _ in range(3)))

    assert {answer.status_code for answer in released} == {204}
    assert await stock(http, f"{product.url}/products", lamp) == 5


async def test_a_confirmation_retries_a_transaction_conflict(
    http: httpx2.AsyncClient, product: Service, dynamodb: Proxy
) -> None:
    lamp, key = await stocked(http, f"{product.url}/products", 5), str(uuid4())
    body = {"reservationId": key, "items": [{"productId": lamp, "quantity": 2}]}
    await http.post(f"{product.url}/reservations", json=body)
    dynamodb.faults = [Fault("UpdateItem", BUSY, 2)]

    confirmed = await http.post(f"{product.url}/reservations/{key}/confirm")

    assert (confirmed.status_code, confirmed.json()["status"]) == (200, "CONFIRMED")
    assert dynamodb.faults[0].times == 0


async def test_a_reservation_with_endless_conflicts_gets_503_and_takes_nothing(
    http: httpx2.AsyncClient, product: Service, dynamodb: Proxy
) -> None:
    lamp = await stocked(http, f"{product.url}/products", 5)
    body = {"reservationId": str(uuid4()), "items": [{"productId": lamp, "quantity": 2}]}
    dynamodb.faults = [Fault("TransactWriteItems", CONFLICT)]

    answer = await http.post(f"{product.url}/reservations", json=body)
    dynamodb.faults = []

    assert answer.status_code == 503
    assert int(answer.headers["retry-after"]) > 0
    assert await stock(http, f"{product.url}/products", lamp) == 5
    assert (await http.post(f"{product.url}/reservations", json=body)).status_code == 201
