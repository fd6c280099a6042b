"""Placing orders; an order that cannot be placed leaves nothing behind."""

import asyncio
from collections.abc import Callable
from typing import Any
from uuid import uuid4

import httpx2
import pytest

from tests.services.customer import Customer, Shop, token_of
from tests.services.processes import Service
from tests.services.shop_postgres import ShopPostgres


async def test_an_order_is_priced_by_the_shop_and_found_again(
    http: httpx2.AsyncClient, customer: Customer, shop: Shop
) -> None:
    buyer = await customer.sign_up()
    lamp, shade = await customer.product(5, price="19.99"), await customer.product(5, price="0.01")

    placed = await customer.order(buyer, (lamp, 3), (shade, 1))

    assert placed.status_code == 201
    order = placed.json()
    assert order["customerId"] == buyer
    assert (order["totalAmount"], order["currency"]) == ("59.98", "EUR")
    assert order["status"] == "PENDING"
    assert order["items"] == [
        {"productId": lamp, "quantity": 3, "unitPrice": "19.99"},
        {"productId": shade, "quantity": 1, "unitPrice": "0.01"},
    ]
    assert [await customer.stock(lamp), await customer.stock(shade)] == [2, 4]

    found = (await http.get(shop.order.url + placed.headers["location"])).json()
    assert found["items"] == sorted(order["items"], key=lambda item: str(item["productId"]))
    may_change: dict[str, object] = {"items": [], "status": "", "updatedAt": ""}  # it may be confirmed already
    assert found | may_change == order | may_change


async def test_an_unknown_customer_gets_nothing(customer: Customer) -> None:
    lamp = await customer.product(inventory=5)
    answer = await customer.order(str(uuid4()), (lamp, 1))
    assert answer.status_code == 422
    assert answer.json()["errors"] == [
        {"field": "customerId", "message": "you have no user with this id; create your user first"}
    ]
    assert await customer.stock(lamp) == 5


async def test_an_unknown_product_is_named_by_its_index(customer: Customer) -> None:
    lamp = await customer.product(inventory=5)
    answer = await customer.order(await customer.sign_up(), (lamp, 1), (str(uuid4()), 1))
    assert answer.status_code == 422
    assert [error["field"] for error in answer.json()["errors"]] == ["items.1.productId"]
    assert await customer.stock(lamp) == 5


async def test_nothing_is_reserved_when_another_product_is_out_of_stock(customer: Customer) -> None:
    lamp, rare = await customer.product(inventory=5), await customer.product(inventory=1)
    answer = await customer.order(await customer.sign_up(), (lamp, 2), (rare, 2))
    assert answer.status_code == 409
    assert answer.json()["detail"].startswith("items.1.quantity: not enough")
    assert [await customer.stock(lamp), await customer.stock(rare)] == [5, 1]


async def test_the_reservation_is_released_when_the_order_cannot_be_stored(
    customer: Customer, shop: Shop, postgres: ShopPostgres
) -> None:
    buyer, lamp = await customer.sign_up(), await customer.product(inventory=5)
    database = shop.orders.name
    postgres.run("REVOKE INSERT ON order_items FROM orders_app", database)
    try:
        answer = await customer.order(buyer, (lamp, 2))
    finally:
        postgres.run("GRANT INSERT ON order_items TO orders_app", database)
    assert answer.status_code == 500
    assert answer.json()["type"] == "urn:shop:problem:internal-error"
    assert await customer.stock(lamp) == 5
    assert (await customer.order(buyer, (lamp, 2))).status_code == 201


async def test_an_order_worth_more_than_its_column_holds_is_refused(customer: Customer) -> None:
    yacht = await customer.product(inventory=5, price="99999999.99")
    answer = await customer.order(await customer.sign_up(), (yacht, 2))
    assert answer.status_code == 422
    assert answer.json()["errors"][0]["field"] == "items"
    assert await customer.stock(yacht) == 5


async def test_the_same_request_again_gets_the_same_answer(customer: Customer, shop: Shop) -> None:
    buyer, lamp = await customer.sign_up(), await customer.product(inventory=5)
    key = {"Idempotency-Key": str(uuid4())}

    first = await customer.order(buyer, (lamp, 2), **key)
    again = await customer.order(buyer, (lamp, 2), **key)
    other = await customer.order(buyer, (lamp, 1), **key)

    assert (first.status_code, again.status_code) == (201, 201)
    assert again.json() == first.json()
    assert again.headers["location"] == first.headers["location"]
    assert [answer.headers.get("idempotent-replayed") for answer in (first, again)] == [None, "true"]
    assert other.status_code == 422
    assert [error["field"] for error in other.json()["errors"]] == ["Idempotency-Key"]
    assert await customer.stock(lamp) == 3
    assert len((await listed(customer, shop, buyer))["items"]) == 1


async def test_requests_with_one_key_at_once_make_one_order(customer: Customer, shop: Shop) -> None:
    buyer, lamp = await customer.sign_up(), await customer.product(inventory=50)
    key = {"Idempotency-Key": str(uuid4())}

    answers = await asyncio.gather(*(customer.order(buyer, (lamp, 2), **key) for _ in range(8)))

    placed = [answer for answer in answers if answer.status_code == 201]
    refused = [answer for answer in answers if answer.status_code != 201]
    assert len({answer.json()["orderId"] for answer in placed}) == 1
    for answer in refused:
        assert (answer.status_code, answer.json()["type"]) == (409, "urn:shop:problem:in-progress")
        assert int(answer.headers["retry-after"]) > 0
    assert await customer.stock(lamp) == 48
    assert len((await listed(customer, shop, buyer))["items"]) == 1


async def test_a_key_whose_order_was_refused_is_free_again(customer: Customer) -> None:
    buyer, rare = await customer.sign_up(), await customer.product(inventory=1)
    key = {"Idempotency-Key": str(uuid4())}

    refused = await customer.order(buyer, (rare, 2), **key)
    placed = await customer.order(buyer, (rare, 1), **key)

    assert [refused.status_code, placed.status_code] == [409, 201]


async def test_a_customers_orders_come_in_pages_the_newest_first(customer: Customer, shop: Shop) -> None:
    buyer, other = await customer.sign_up(), await customer.sign_up()
    lamp, shade = await customer.product(inventory=50), await customer.product(inventory=50)
    await customer.order(other, (lamp, 1))
    placed = [(await customer.order(buyer, (lamp, 1), (shade, number))).json() for number in range(1, 6)]

    pages = [await listed(customer, shop, buyer, limit="2")]
    while cursor := pages[-1]["nextCursor"]:
        pages.append(await listed(customer, shop, buyer, limit="2", cursor=cursor))

    assert [len(page["items"]) for page in pages] == [2, 2, 1]
    orders = [order for page in pages for order in page["items"]]
    assert [order["orderId"] for order in orders] == [order["orderId"] for order in reversed(placed)]
    assert [sum(item["quantity"] for item in order["items"]) for order in orders] == [6, 5, 4, 3, 2]
    assert (await listed(customer, shop, str(uuid4()))) == {"items": [], "nextCursor": None}


@pytest.mark.parametrize("cursor", ["nonsense", "WyJhIiwiYiJd", "WyJhIl0"])
async def test_a_foreign_cursor_is_rejected(cursor: str, http: httpx2.AsyncClient, shop: Shop) -> None:
    query = {"customerId": str(uuid4()), "cursor": cursor}
    answer = await http.get(f"{shop.order.url}/orders", params=query)
    assert answer.status_code == 422
    assert [error["field"] for error in answer.json()["errors"]] == ["cursor"]


async def listed(customer: Customer, shop: Shop, buyer: str, **query: str) -> dict[str, Any]:
    answer = await customer.http.get(f"{shop.order.url}/orders", params={"customerId": buyer, **query})
    assert answer.status_code == 200
    page: dict[str, Any] = answer.json()
    return page


ITEM = {"productId": str(uuid4()), "quantity": 1}


@pytest.mark.parametrize(
    ("items", "field"),
    [
        ([], "items"),
        ([ITEM | {"quantity": 0}], "items.0.quantity"),
        ([ITEM | {"quantity": 1_001}], "items.0.quantity"),
        ([ITEM, {"productId": "lamp", "quantity": 1}], "items.1.productId"),
        ([ITEM, ITEM], "items"),
        ([ITEM | {"unitPrice": "0.01"}], "items.0.unitPrice"),
        ([{"productId": str(uuid4()), "quantity": 1} for _ in range(51)], "items"),
    ],
)
async def test_an_invalid_order_is_rejected_by_field(
    items: object, field: str, http: httpx2.AsyncClient, shop: Shop
) -> None:
    answer = await http.post(f"{shop.order.url}/orders", json={"customerId": str(uuid4()), "items": items})
    assert answer.status_code == 422
    assert [error["field"] for error in answer.json()["errors"]] == [field]


@pytest.mark.parametrize("gone", ["user", "product"])
async def test_an_unreachable_service_causes_503_instead_of_500(
    gone: str, http: httpx2.AsyncClient, customer: Customer, shop: Shop, start: Callable[..., Service]
) -> None:
    unreachable = "http://127.0.0.1:9"
    urls = {"USER_URL": shop.user.url, "PRODUCT_URL": shop.product.url, f"{gone.upper()}_URL": unreachable}
    order = start("order", DATABASE_URL=shop.orders.url, **urls).wait_until("/ready")
    buyer = await customer.sign_up()
    body = {"customerId": buyer, "items": [ITEM]}

    answer = await http.post(f"{order.url}/orders", json=body, headers=token_of(buyer))

    assert answer.status_code == 503
    assert int(answer.headers["retry-after"]) > 0
    assert f"the {gone} service does not answer" in answer.json()["detail"]
    assert answer.json()["fallback"] is True
    order.stop()
