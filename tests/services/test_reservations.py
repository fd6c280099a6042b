"""Reservations over HTTP: all or none, once however often they are asked for, and never for ever."""

import asyncio
from collections import Counter
from typing import Any
from uuid import uuid4

import httpx2
import pytest

from tests.services.customer import stock, stocked
from tests.services.processes import Service


class Desk:
    """Where reservations are made: the requests that each test begins with."""

    def __init__(self, http: httpx2.AsyncClient, product: Service) -> None:
        self.http = http
        self.products = f"{product.url}/products"
        self.url = f"{product.url}/reservations"

    async def product(self, inventory: int, price: str = "12.50") -> str:
        return await stocked(self.http, self.products, inventory, price)

    async def stock(self, product_id: str) -> int:
        return await stock(self.http, self.products, product_id)

    async def reserve(self, key: str, *items: tuple[str, int], **more: Any) -> httpx2.Response:
        lines = [{"productId": product_id, "quantity": quantity} for product_id, quantity in items]
        return await self.http.post(self.url, json={"reservationId": key, "items": lines, **more})

    async def confirm(self, key: str) -> httpx2.Response:
        return await self.http.post(f"{self.url}/{key}/confirm")

    async def release(self, key: str) -> httpx2.Response:
        return await self.http.delete(f"{self.url}/{key}")

    async def status(self, key: str) -> str:
        return str((await self.http.get(f"{self.url}/{key}")).json()["status"])


@pytest.fixture
def desk(http: httpx2.AsyncClient, product: Service) -> Desk:
    return Desk(http, product)


async def test_several_products_are_reserved_at_their_prices(desk: Desk) -> None:
    lamp, desk_top = await desk.product(5, "12.50"), await desk.product(2, "100.00")
    key, order = str(uuid4()), str(uuid4())

    answer = await desk.reserve(key, (lamp, 2), (desk_top, 1), orderId=order)

    assert answer.status_code == 201
    assert answer.headers["location"] == f"/reservations/{key}"
    reservation = answer.json()
    assert (reservation["orderId"], reservation["status"]) == (order, "HELD")
    assert [(item["productId"], item["quantity"], item["unitPrice"]) for item in reservation["items"]] == [
        (lamp, 2, "12.50"),
        (desk_top, 1, "100.00"),
    ]
    assert [await desk.stock(lamp), await desk.stock(desk_top)] == [3, 1]
    assert (await desk.http.get(f"{desk.url}/{key}")).json() == reservation


async def test_when_one_product_does_not_suffice_none_is_taken(desk: Desk) -> None:
    plenty, scarce = await desk.product(5), await desk.product(1)

    answer = await desk.reserve(str(uuid4()), (plenty, 1), (scarce, 2))

    assert answer.status_code == 409
    assert answer.json()["type"] == "urn:shop:problem:out-of-stock"
    assert answer.json()["errors"] == [{"field": "items.1.quantity", "message": "1 left; request fewer or retry later"}]
    assert [await desk.stock(plenty), await desk.stock(scarce)] == [5, 1]


async def test_an_unknown_product_is_named_by_its_place(desk: Desk) -> None:
    lamp = await desk.product(5)
    answer = await desk.reserve(str(uuid4()), (lamp, 1), (str(uuid4()), 1))
    assert answer.status_code == 404
    assert [error["field"] for error in answer.json()["errors"]] == ["items.1.productId"]
    assert await desk.stock(lamp) == 5


async def test_the_same_request_at_once_and_again_takes_the_goods_once(desk: Desk) -> None:
    lamp, key = await desk.product(5), str(uuid4())

    answers = await asyncio.gather(*(desk.reserve(key, (lamp, 2)) for _ in range(8)))
    answers.append(await desk.reserve(key, (lamp, 2)))

    assert {answer.status_code for answer in answers} == {201}
    assert len({answer.json()["expiresAt"] for answer in answers}) == 1
    assert await desk.stock(lamp) == 3


@pytest.mark.parametrize("other", ["quantity", "product", "order"])
async def test_an_id_stands_for_one_reservation(other: str, desk: Desk) -> None:
    lamp, chair, key = await desk.product(5), await desk.product(5), str(uuid4())
    await desk.reserve(key, (lamp, 1))

    changed: dict[str, httpx2.Response] = {
        "quantity": await desk.reserve(key, (lamp, 2)),
        "product": await desk.reserve(key, (chair, 1)),
        "order": await desk.reserve(key, (lamp, 1), orderId=str(uuid4())),
    }

    assert changed[other].status_code == 409
    assert changed[other].json()["type"] == "urn:shop:problem:key-reused"
    assert [await desk.stock(lamp), await desk.stock(chair)] == [4, 5]


async def test_released_goods_are_put_back_once(desk: Desk) -> None:
    lamp, chair, key = await desk.product(5), await desk.product(5), str(uuid4())
    await desk.reserve(key, (lamp, 3), (chair, 1))

    answers = await asyncio.gather(*(desk.release(key) for _ in range(6)))

    assert {answer.status_code for answer in answers} == {204}
    assert [await desk.stock(lamp), await desk.stock(chair)] == [5, 5]
    assert await desk.status(key) == "RELEASED"


async def test_confirmed_goods_do_not_come_back(desk: Desk) -> None:
    lamp, key = await desk.product(5), str(uuid4())
    await desk.reserve(key, (lamp, 3))

    confirmed = [await desk.confirm(key) for _ in range(2)]
    released = await desk.release(key)
    again = await desk.reserve(key, (lamp, 3))

    assert [(answer.status_code, answer.json()["status"]) for answer in confirmed] == [(200, "CONFIRMED")] * 2
    assert released.status_code == 409
    assert released.json()["type"] == "urn:shop:problem:reservation-confirmed"
    assert (again.status_code, again.json()["status"]) == (201, "CONFIRMED")
    assert await desk.stock(lamp) == 2


async def test_what_was_released_cannot_be_confirmed_or_reserved_again(desk: Desk) -> None:
    lamp, key = await desk.product(5), str(uuid4())
    await desk.reserve(key, (lamp, 3))
    await desk.release(key)

    for answer in (await desk.confirm(key), await desk.reserve(key, (lamp, 3))):
        assert answer.status_code == 409
        assert answer.json()["type"] == "urn:shop:problem:reservation-released"
    assert await desk.stock(lamp) == 5


async def test_a_release_that_overtakes_its_reservation_wins(desk: Desk) -> None:
    lamp, key = await desk.product(5), str(uuid4())

    assert (await desk.release(key)).status_code == 204
    late = await desk.reserve(key, (lamp, 3))

    assert (late.status_code, late.json()["type"]) == (409, "urn:shop:problem:reservation-released")
    assert await desk.stock(lamp) == 5


async def test_confirming_and_releasing_at_once_gives_one_of_the_two(desk: Desk) -> None:
    for _ in range(5):
        lamp, key = await desk.product(5), str(uuid4())
        await desk.reserve(key, (lamp, 2))

        answers = await asyncio.gather(desk.release(key), desk.confirm(key), desk.release(key), desk.confirm(key))

        ended = await desk.status(key)
        expected = {"CONFIRMED": ([409, 200, 409, 200], 3), "RELEASED": ([204, 409, 204, 409], 5)}[ended]
        assert ([answer.status_code for answer in answers], await desk.stock(lamp)) == expected


async def test_what_nobody_confirms_goes_back_when_its_time_is_over(desk: Desk) -> None:
    lamp, kept, key = await desk.product(5), str(uuid4()), str(uuid4())
    await desk.reserve(kept, (lamp, 1))
    await desk.reserve(key, (lamp, 3), ttlSeconds=3)
    assert await desk.stock(lamp) == 1

    while await desk.status(key) == "HELD":  # noqa: ASYNC110  (another process changes it)
        await asyncio.sleep(0.1)

    assert await desk.status(key) == "RELEASED"
    assert await desk.stock(lamp) == 4
    assert await desk.status(kept) == "HELD"
    assert (await desk.confirm(key)).status_code == 409


async def test_an_unknown_reservation_is_not_found(desk: Desk) -> None:
    assert (await desk.confirm(str(uuid4()))).status_code == 404
    assert (await desk.http.get(f"{desk.url}/{uuid4()}")).status_code == 404


async def test_buyers_of_crossing_products_get_what_there_is(desk: Desk) -> None:
    """Transactions that meet on the same items: each is all or none, and none waits for ever."""
    first, second = await desk.product(10), await desk.product(10)
    baskets = [((first, 1), (second, 1)), ((second, 1), (first, 1))]

    answers = await asyncio.gather(*(desk.reserve(str(uuid4()), *baskets[i % 2]) for i in range(16)))

    assert Counter(answer.status_code for answer in answers) == {201: 10, 409: 6}
    assert [await desk.stock(first), await desk.stock(second)] == [0, 0]


ITEM = {"productId": str(uuid4()), "quantity": 1}


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"items": []}, "items"),
        ({"items": [ITEM, ITEM]}, "items"),
        ({"items": [ITEM | {"quantity": 0}]}, "items.0.quantity"),
        ({"items": [{"productId": str(uuid4()), "quantity": 1} for _ in range(51)]}, "items"),
        ({"ttlSeconds": 0}, "ttlSeconds"),
        ({"ttlSeconds": 3_601}, "ttlSeconds"),
        ({"reservationId": "order 1"}, "reservationId"),
        ({"price": "0.01"}, "price"),
    ],
)
async def test_a_bad_reservation_is_refused_by_field(change: dict[str, Any], field: str, desk: Desk) -> None:
    body = {"reservationId": str(uuid4()), "items": [ITEM], **change}
    answer = await desk.http.post(desk.url, json=body)
    assert answer.status_code == 422
    assert [error["field"] for error in answer.json()["errors"]] == [field]
