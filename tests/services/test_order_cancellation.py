"""What a customer expects of an order: the total that was shown, and a way to cancel."""

import asyncio
from collections.abc import Callable
from dataclasses import replace
from typing import Any
from uuid import uuid4

import httpx2
import psycopg
import pytest

from shop_shared import retention
from tests.services.customer import Customer, Shop, token_of
from tests.services.processes import Service, migrate
from tests.services.shop_postgres import ShopPostgres

Start = Callable[..., Service]


async def order(customer: Customer, product: str, quantity: int, expected: Any, **headers: str) -> httpx2.Response:
    buyer = await customer.sign_up()
    body = {
        "customerId": buyer,
        "items": [{"productId": product, "quantity": quantity}],
        "expectedTotal": expected,
    }
    return await customer.http.post(
        f"{customer.shop.order.url}/orders", json=body, headers={**token_of(buyer), **headers}
    )


@pytest.mark.parametrize("expected", ["25.00", "25", "25.0", None])
async def test_an_order_with_the_expected_total_is_placed(expected: str | None, customer: Customer) -> None:
    lamp = await customer.product(5, price="12.50")
    assert (await order(customer, lamp, 2, expected)).status_code == 201
    assert await customer.stock(lamp) == 3


async def test_nothing_is_ordered_at_another_total(customer: Customer) -> None:
    lamp, key = await customer.product(5, price="12.50"), {"Idempotency-Key": str(uuid4())}

    refused = await order(customer, lamp, 2, "24.99", **key)

    assert refused.status_code == 409
    assert refused.json()["type"] == "urn:shop:problem:price-changed"
    assert "the total is now 25.00" in refused.json()["detail"]
    assert await customer.stock(lamp) == 5
    assert (await order(customer, lamp, 2, "25.00", **key)).status_code == 201


@pytest.mark.parametrize("expected", [25, 25.0, "1e3", "2_5", " 25", "-1", "٢٥", "NaN", "25.001", ""])
async def test_an_expected_total_that_is_no_amount_is_rejected(expected: object, customer: Customer) -> None:
    answer = await order(customer, str(uuid4()), 2, expected)
    assert answer.status_code == 422
    assert [error["field"] for error in answer.json()["errors"]] == ["expectedTotal"]


async def cancel(customer: Customer, order_id: str) -> httpx2.Response:
    return await customer.http.post(f"{customer.shop.order.url}/orders/{order_id}/cancel")


async def status(customer: Customer, order_id: str) -> str:
    return str((await customer.http.get(f"{customer.shop.order.url}/orders/{order_id}")).json()["status"])


async def until(customer: Customer, order_id: str, wanted: str) -> None:
    while await status(customer, order_id) != wanted:  # noqa: ASYNC110  (in another process; the test has a time limit)
        await asyncio.sleep(0.1)


@pytest.mark.parametrize("confirmed", [True, False])
async def test_a_cancelled_order_returns_its_goods_once(confirmed: bool, customer: Customer) -> None:
    lamp, chair = await customer.product(5), await customer.product(5)
    placed = (await customer.order(await customer.sign_up(), (lamp, 2), (chair, 1))).json()["orderId"]
    if confirmed:
        await until(customer, placed, "CONFIRMED")

    answers = await asyncio.gather(*(cancel(customer, placed) for _ in range(4)))
    again = await cancel(customer, placed)

    assert {answer.status_code for answer in answers} == {200}
    assert (again.status_code, again.json()["status"], again.json()["orderId"]) == (200, "CANCELLED", placed)
    assert [await customer.stock(lamp), await customer.stock(chair)] == [5, 5]
    assert await status(customer, placed) == "CANCELLED"


async def test_an_unknown_order_cannot_be_cancelled(customer: Customer) -> None:
    answer = await cancel(customer, str(uuid4()))
    assert (answer.status_code, answer.json()["type"]) == (404, "urn:shop:problem:order-not-found")


async def test_an_old_order_cannot_be_cancelled(customer: Customer, shop: Shop) -> None:
    lamp = await customer.product(5)
    placed = (await customer.order(await customer.sign_up(), (lamp, 2))).json()["orderId"]
    await until(customer, placed, "CONFIRMED")
    with psycopg.connect(shop.orders.owner_url) as connection:
        age = retention.CANCELLATION.total_seconds() + 60
        statement = "UPDATE orders SET created_at = created_at - %s * interval '1 second' WHERE order_id = %s"
        connection.execute(statement, [age, placed])

    answer = await cancel(customer, placed)

    assert (answer.status_code, answer.json()["type"]) == (409, "urn:shop:problem:too-late")
    assert await status(customer, placed) == "CONFIRMED"
    assert await customer.stock(lamp) == 3


async def test_a_cancellation_ends_when_product_is_back(
    customer: Customer, shop: Shop, start: Start, postgres: ShopPostgres
) -> None:
    """The sweeper ends it: here with an age of two seconds instead of five minutes."""
    database = postgres.create("cancelling")
    migrate("order", database.owner_url)
    urls = {"USER_URL": shop.user.url, "DATABASE_URL": database.url, "PENDING_SECONDS": "2"}
    working = start("order", PRODUCT_URL=shop.product.url, **urls).wait_until("/ready")
    lamp, buyer = await customer.product(5), await customer.sign_up()
    usual = Customer(customer.http, replace(shop, order=working))
    placed = (await usual.order(buyer, (lamp, 2))).json()["orderId"]
    await until(usual, placed, "CONFIRMED")
    working.stop()
    cut_off = start("order", PRODUCT_URL="http://127.0.0.1:9", **urls).wait_until("/ready")

    answer = await cancel(Customer(customer.http, replace(shop, order=cut_off)), placed)
    cut_off.stop()
    held_back = await customer.stock(lamp)
    working.start_again()
    working.wait_until("/ready")

    assert (answer.status_code, answer.json()["status"], held_back) == (200, "CANCELLING", 3)
    await until(usual, placed, "CANCELLED")
    assert await customer.stock(lamp) == 5
    working.stop()


async def test_an_event_that_cannot_be_handled_directly_does_not_block_the_others(
    customer: Customer, shop: Shop
) -> None:
    """This shop has no topic: the outbox goes straight to product, which does not know the first reservation."""
    lost = str(uuid4())
    with psycopg.connect(shop.orders.owner_url, autocommit=True) as connection:
        connection.execute("INSERT INTO orders VALUES (%s, %s, 5, 'PENDING')", [lost, uuid4()])
        connection.execute("INSERT INTO outbox (event_id, order_id, body) VALUES (%s, %s, '{}')", [uuid4(), lost])
        lamp = await customer.product(5)
        placed = (await customer.order(await customer.sign_up(), (lamp, 2))).json()["orderId"]

        await until(customer, placed, "CONFIRMED")

        assert await status(customer, lost) == "PENDING"
        for table in ("outbox", "orders"):
            connection.execute(f"DELETE FROM {table} WHERE order_id = %s".encode(), [lost])
