"""The HTTP API of the product service: the catalogue, and the article's conditional update."""

import asyncio
from collections import Counter
from uuid import uuid4

import httpx2
import pytest

from tests.services.customer import stock, stocked
from tests.services.processes import Service


@pytest.fixture
def products(product: Service) -> str:
    return f"{product.url}/products"


async def test_a_product_is_found_where_the_answer_says(
    http: httpx2.AsyncClient, product: Service, products: str
) -> None:
    created = await http.post(products, json={"name": "Lamp", "price": "12.5", "inventory": 3})
    assert created.status_code == 201
    lamp = {"name": "Lamp", "price": "12.50", "currency": "EUR", "inventory": 3, "cached": False}
    assert created.json() == {"productId": created.json()["productId"], **lamp}

    found = await http.get(product.url + created.headers["location"])
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
        (GOOD | {"price": "1e3"}, "price"),
        (GOOD | {"price": "5_0"}, "price"),
        (GOOD | {"price": " 5 "}, "price"),
        (GOOD | {"price": "5\n"}, "price"),
        (GOOD | {"price": "-0.00"}, "price"),
        (GOOD | {"price": "\u0665.00"}, "price"),
        (GOOD | {"name": "Tea\u202epot"}, "name"),
        (GOOD | {"name": "Tea\u2066pot"}, "name"),
        (GOOD | {"inventory": -1}, "inventory"),
        (GOOD | {"inventory": 1_000_001}, "inventory"),
        (GOOD | {"inventory": "1"}, "inventory"),
        (GOOD | {"name": ""}, "name"),
    ],
)
async def test_an_invalid_body_is_rejected_by_field(
    body: object, field: str, http: httpx2.AsyncClient, products: str
) -> None:
    answer = await http.post(products, json=body)
    assert answer.status_code == 422
    assert [error["field"] for error in answer.json()["errors"]] == [field]


async def test_the_stock_goes_down_to_zero_and_not_below(http: httpx2.AsyncClient, products: str) -> None:
    product_id = await stocked(http, products, 5)
    withdrawal = f"{products}/{product_id}/inventory"

    answers = await asyncio.gather(*(http.post(withdrawal, json={"quantity": 2}) for _ in range(4)))

    assert Counter(answer.status_code for answer in answers) == {200: 2, 409: 2}
    assert sorted(answer.json()["inventory"] for answer in answers if answer.status_code == 200) == [1, 3]
    refusal = next(answer for answer in answers if answer.status_code == 409).json()
    assert refusal["type"] == "urn:shop:problem:out-of-stock"
    assert refusal["detail"].startswith("quantity: 2 requested, ")
    assert await stock(http, products, product_id) == 1


@pytest.mark.parametrize("quantity", [0, -1, 10_001, "1", 1.5, None])
async def test_a_quantity_must_be_a_positive_integer(quantity: object, http: httpx2.AsyncClient, products: str) -> None:
    answer = await http.post(f"{products}/{uuid4()}/inventory", json={"quantity": quantity})
    assert answer.status_code == 422
    assert [error["field"] for error in answer.json()["errors"]] == ["quantity"]


async def test_an_unknown_product_is_not_found_and_not_created(http: httpx2.AsyncClient, products: str) -> None:
    product = f"{products}/{uuid4()}"
    assert (await http.get(product)).status_code == 404
    assert (await http.post(f"{product}/inventory", json={"quantity": 1})).status_code == 404
    assert (await http.get(product)).status_code == 404


async def test_pages_contain_every_product_once(http: httpx2.AsyncClient, products: str) -> None:
    made = {await stocked(http, products, 1) for _ in range(7)}
    seen: list[str] = []
    cursor: dict[str, str] = {}
    while True:
        page = (await http.get(products, params={"limit": "3", **cursor})).json()
        assert len(page["items"]) <= 3
        seen += [item["productId"] for item in page["items"]]
        if page["nextCursor"] is None:
            break
        cursor = {"cursor": page["nextCursor"]}
    assert made <= set(seen)
    assert len(seen) == len(set(seen))


@pytest.mark.parametrize(
    ("query", "field"),
    [("limit=0", "limit"), ("limit=101", "limit"), ("cursor=%00", "cursor"), ("cursor=WyJ4Il0", "cursor")],
)
async def test_an_invalid_page_is_rejected_by_field(
    query: str, field: str, http: httpx2.AsyncClient, products: str
) -> None:
    answer = await http.get(f"{products}?{query}")
    assert answer.status_code == 422
    assert [error["field"] for error in answer.json()["errors"]] == [field]


async def test_several_products_are_read_with_one_request(http: httpx2.AsyncClient, products: str) -> None:
    ids = [await stocked(http, products, number) for number in range(3)]

    answer = await http.get(products, params={"id": [ids[2], str(uuid4()), ids[0], ids[2]]})

    assert answer.status_code == 200
    assert [(item["productId"], item["inventory"]) for item in answer.json()["items"]] == [(ids[2], 2), (ids[0], 0)]
    assert answer.json()["nextCursor"] is None


@pytest.mark.parametrize("ids", [[str(uuid4()) for _ in range(51)], ["7"], [""]])
async def test_a_read_of_several_products_is_limited(ids: list[str], http: httpx2.AsyncClient, products: str) -> None:
    answer = await http.get(products, params={"id": ids})
    assert answer.status_code == 422
