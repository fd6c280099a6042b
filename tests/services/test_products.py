"""The product service over HTTP: the article's conditional update, and reservations on top of it."""

import asyncio
from collections import Counter
from uuid import uuid4

import httpx2
import pytest

from tests.services.customer import Customer, Shop


@pytest.fixture
def products(shop: Shop) -> str:
    return f"{shop.product.url}/products"


async def test_a_product_is_found_where_the_answer_says(http: httpx2.AsyncClient, shop: Shop, products: str) -> None:
    created = await http.post(products, json={"name": "Lamp", "price": "12.5", "inventory": 3})
    assert created.status_code == 201
    assert created.json() | {"productId": ""} == {"productId": "", "name": "Lamp", "price": "12.50", "inventory": 3}

    found = await http.get(shop.product.url + created.headers["location"])
    assert found.json() == created.json()


GOOD = {"name": "Lamp", "price": "1.00", "inventory": 1}


@pytest.mark.parametrize(
    ("body", "field"),
    [
        (GOOD | {"price": 12.5}, "price"),
        (GOOD | {"price": "12.505"}, "price"),
        (GOOD | {"price": "-1"}, "price"),
        (GOOD | {"price": "NaN"}, "price"),
        (GOOD | {"price": "100000000.00"}, "price"),
        (GOOD | {"inventory": -1}, "inventory"),
        (GOOD | {"inventory": 1_000_001}, "inventory"),
        (GOOD | {"inventory": "1"}, "inventory"),
        (GOOD | {"name": ""}, "name"),
    ],
)
async def test_a_bad_body_is_refused_by_field(
    body: object, field: str, http: httpx2.AsyncClient, products: str
) -> None:
    answer = await http.post(products, json=body)
    assert answer.status_code == 422
    assert [error["field"] for error in answer.json()["errors"]] == [field]


async def test_the_stock_goes_down_to_zero_and_not_below(
    http: httpx2.AsyncClient, customer: Customer, products: str
) -> None:
    product_id = await customer.product(inventory=5)
    withdrawal = f"{products}/{product_id}/inventory"

    answers = await asyncio.gather(*(http.post(withdrawal, json={"quantity": 2}) for _ in range(4)))

    assert Counter(answer.status_code for answer in answers) == {200: 2, 409: 2}
    assert sorted(answer.json()["inventory"] for answer in answers if answer.status_code == 200) == [1, 3]
    refusal = next(answer for answer in answers if answer.status_code == 409).json()
    assert refusal["type"] == "urn:shop:problem:out-of-stock"
    assert refusal["detail"].startswith("quantity: 2 asked for, ")
    assert await customer.stock(product_id) == 1


@pytest.mark.parametrize("quantity", [0, -1, 10_001, "1", 1.5, None])
async def test_a_quantity_must_be_a_number_of_pieces(quantity: object, http: httpx2.AsyncClient, products: str) -> None:
    answer = await http.post(f"{products}/{uuid4()}/inventory", json={"quantity": quantity})
    assert answer.status_code == 422
    assert [error["field"] for error in answer.json()["errors"]] == ["quantity"]


@pytest.mark.parametrize("headers", [{}, {"Idempotency-Key": "k"}])
async def test_an_unknown_product_is_not_found_and_not_made(
    headers: dict[str, str], http: httpx2.AsyncClient, products: str
) -> None:
    product = f"{products}/{uuid4()}"
    assert (await http.get(product)).status_code == 404
    assert (await http.post(f"{product}/inventory", json={"quantity": 1}, headers=headers)).status_code == 404
    assert (await http.get(product)).status_code == 404


async def test_a_reservation_can_be_repeated(http: httpx2.AsyncClient, customer: Customer, products: str) -> None:
    product_id = await customer.product(inventory=5)
    key = {"Idempotency-Key": "order-1"}

    answers = [
        await http.post(f"{products}/{product_id}/inventory", json={"quantity": 5}, headers=key) for _ in range(3)
    ]

    assert [answer.json() for answer in answers] == [{"productId": product_id, "inventory": 0}] * 3
    assert await customer.stock(product_id) == 0


async def test_a_key_stands_for_one_quantity(http: httpx2.AsyncClient, customer: Customer, products: str) -> None:
    product_id = await customer.product(inventory=5)
    key = {"Idempotency-Key": "order-1"}
    await http.post(f"{products}/{product_id}/inventory", json={"quantity": 1}, headers=key)

    other = await http.post(f"{products}/{product_id}/inventory", json={"quantity": 2}, headers=key)

    assert other.status_code == 409
    assert other.json()["type"] == "urn:shop:problem:key-reused"
    assert await customer.stock(product_id) == 4


async def test_reserved_goods_are_put_back_once(http: httpx2.AsyncClient, customer: Customer, products: str) -> None:
    product_id = await customer.product(inventory=5)
    product = f"{products}/{product_id}"
    await http.post(f"{product}/inventory", json={"quantity": 3}, headers={"Idempotency-Key": "order-1"})

    answers = await asyncio.gather(*(http.delete(f"{product}/reservations/order-1") for _ in range(4)))

    assert [answer.status_code for answer in answers] == [204] * 4
    assert await customer.stock(product_id) == 5


async def test_settled_goods_do_not_come_back(http: httpx2.AsyncClient, customer: Customer, products: str) -> None:
    product_id = await customer.product(inventory=5)
    product = f"{products}/{product_id}"
    await http.post(f"{product}/inventory", json={"quantity": 3}, headers={"Idempotency-Key": "order-1"})

    assert (await http.post(f"{product}/reservations/order-1/settlement")).status_code == 204
    assert (await http.post(f"{product}/reservations/order-1/settlement")).status_code == 204
    assert (await http.delete(f"{product}/reservations/order-1")).status_code == 204
    assert await customer.stock(product_id) == 2


async def test_nothing_reserved_puts_nothing_back(http: httpx2.AsyncClient, customer: Customer, products: str) -> None:
    product_id = await customer.product(inventory=5)
    assert (await http.delete(f"{products}/{product_id}/reservations/never")).status_code == 204
    assert (await http.delete(f"{products}/{uuid4()}/reservations/never")).status_code == 204
    assert await customer.stock(product_id) == 5
