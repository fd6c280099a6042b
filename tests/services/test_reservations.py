"""The HTTP API of reservations: all or none, idempotent, and limited in time."""

import asyncio
from collections import Counter
from typing import Any
from uuid import uuid4

import httpx2
import pytest

from tests.services.customer import stock, stocked
from tests.services.processes import Service


class ReservationClient:
    """The requests that the tests send."""

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

    async def take_back(self, key: str) -> httpx2.Response:
        return await self.http.post(f"{self.url}/{key}/return")

    async def status(self, key: str) -> str:
        return str((await self.http.get(f"{self.url}/{key}")).json()["status"])


@pytest.fixture
def client(http: httpx2.AsyncClient, product: Service) -> ReservationClient:
    return ReservationClient(http, product)


async def test_several_products_are_reserved_at_their_prices(client: ReservationClient) -> None:
    lamp, desk_top = await client.product(5, "12.50"), await client.product(2, "100.00")
    key, order = str(uuid4()), str(uuid4())

    answer = await client.reserve(key, (lamp, 2), (desk_top, 1), orderId=order)

    assert answer.status_code == 201
    assert answer.headers["location"] == f"/reservations/{key}"
    reservation = answer.json()
    assert (reservation["orderId"], reservation["status"]) == (order, "HELD")
    assert [(item["productId"], item["quantity"], item["unitPrice"]) for item in reservation["items"]] == [
        (lamp, 2, "12.50"),
        (desk_top, 1, "100.00"),
    ]
    assert [await client.stock(lamp), await client.stock(desk_top)] == [3, 1]
    assert (await client.http.get(f"{client.url}/{key}")).json() == reservation


async def test_nothing_is_reserved_if_one_product_is_out_of_stock(client: ReservationClient) -> None:
    plenty, scarce = await client.product(5), await client.product(1)

    answer = await client.reserve(str(uuid4()), (plenty, 1), (scarce, 2))

    assert answer.status_code == 409
    assert answer.json()["type"] == "urn:shop:problem:out-of-stock"
    assert answer.json()["errors"] == [{"field": "items.1.quantity", "message": "1 left; request fewer or retry later"}]
    assert [await client.stock(plenty), await client.stock(scarce)] == [5, 1]


async def test_an_unknown_product_is_named_by_its_index(client: ReservationClient) -> None:
    lamp = await client.product(5)
    answer = await client.reserve(str(uuid4()), (lamp, 1), (str(uuid4()), 1))
    assert answer.status_code == 404
    assert [error["field"] for error in answer.json()["errors"]] == ["items.1.productId"]
    assert await client.stock(lamp) == 5


async def test_repeated_reservations_take_the_goods_once(client: ReservationClient) -> None:
    lamp, key = await client.product(5), str(uuid4())

    answers = await asyncio.gather(*(client.reserve(key, (lamp, 2)) for _ in range(8)))
    answers.append(await client.reserve(key, (lamp, 2)))

    assert {answer.status_code for answer in answers} == {201}
    assert len({answer.json()["expiresAt"] for answer in answers}) == 1
    assert await client.stock(lamp) == 3


@pytest.mark.parametrize("other", ["quantity", "product", "order"])
async def test_a_reservation_id_cannot_be_reused_for_other_items(other: str, client: ReservationClient) -> None:
    lamp, chair, key = await client.product(5), await client.product(5), str(uuid4())
    await client.reserve(key, (lamp, 1))

    changed: dict[str, httpx2.Response] = {
        "quantity": await client.reserve(key, (lamp, 2)),
        "product": await client.reserve(key, (chair, 1)),
        "order": await client.reserve(key, (lamp, 1), orderId=str(uuid4())),
    }

    assert changed[other].status_code == 409
    assert changed[other].json()["type"] == "urn:shop:problem:key-reused"
    assert [await client.stock(lamp), await client.stock(chair)] == [4, 5]


async def test_a_release_returns_the_goods_once(client: ReservationClient) -> None:
    lamp, chair, key = await client.product(5), await client.product(5), str(uuid4())
    await client.reserve(key, (lamp, 3), (chair, 1))

    answers = await asyncio.gather(*(client.release(key) for _ in range(6)))

    assert {answer.status_code for answer in answers} == {204}
    assert [await client.stock(lamp), await client.stock(chair)] == [5, 5]
    assert await client.status(key) == "RELEASED"


async def test_a_confirmed_reservation_cannot_be_released(client: ReservationClient) -> None:
    lamp, key = await client.product(5), str(uuid4())
    await client.reserve(key, (lamp, 3))

    confirmed = [await client.confirm(key) for _ in range(2)]
    released = await client.release(key)
    again = await client.reserve(key, (lamp, 3))

    assert [(answer.status_code, answer.json()["status"]) for answer in confirmed] == [(200, "CONFIRMED")] * 2
    assert released.status_code == 409
    assert released.json()["type"] == "urn:shop:problem:reservation-confirmed"
    assert (again.status_code, again.json()["status"]) == (201, "CONFIRMED")
    assert await client.stock(lamp) == 2


async def test_a_released_reservation_cannot_be_confirmed_or_reserved_again(client: ReservationClient) -> None:
    lamp, key = await client.product(5), str(uuid4())
    await client.reserve(key, (lamp, 3))
    await client.release(key)

    for answer in (await client.confirm(key), await client.reserve(key, (lamp, 3))):
        assert answer.status_code == 409
        assert answer.json()["type"] == "urn:shop:problem:reservation-released"
    assert await client.stock(lamp) == 5


async def test_a_release_before_its_reservation_wins(client: ReservationClient) -> None:
    lamp, key = await client.product(5), str(uuid4())

    assert (await client.release(key)).status_code == 204
    late = await client.reserve(key, (lamp, 3))

    assert (late.status_code, late.json()["type"]) == (409, "urn:shop:problem:reservation-released")
    assert await client.stock(lamp) == 5


async def test_concurrent_confirm_and_release_have_one_winner(client: ReservationClient) -> None:
    for _ in range(5):
        lamp, key = await client.product(5), str(uuid4())
        await client.reserve(key, (lamp, 2))

        answers = await asyncio.gather(
            client.release(key), client.confirm(key), client.release(key), client.confirm(key)
        )

        ended = await client.status(key)
        expected = {"CONFIRMED": ([409, 200, 409, 200], 3), "RELEASED": ([204, 409, 204, 409], 5)}[ended]
        assert ([answer.status_code for answer in answers], await client.stock(lamp)) == expected


async def test_an_expired_reservation_is_released(client: ReservationClient) -> None:
    lamp, kept, key = await client.product(5), str(uuid4()), str(uuid4())
    await client.reserve(kept, (lamp, 1))
    await client.reserve(key, (lamp, 3), ttlSeconds=3)
    assert await client.stock(lamp) == 1

    while await client.status(key) == "HELD":  # noqa: ASYNC110  (another process changes it)
        await asyncio.sleep(0.1)

    assert await client.status(key) == "RELEASED"
    assert await client.stock(lamp) == 4
    assert await client.status(kept) == "HELD"
    assert (await client.confirm(key)).status_code == 409


@pytest.mark.parametrize("confirmed", [True, False])
async def test_the_goods_of_a_cancelled_order_return_once(confirmed: bool, client: ReservationClient) -> None:
    lamp, chair, key = await client.product(5), await client.product(5), str(uuid4())
    await client.reserve(key, (lamp, 3), (chair, 1))
    if confirmed:
        await client.confirm(key)

    answers = await asyncio.gather(*(client.take_back(key) for _ in range(6)))

    assert {answer.status_code for answer in answers} == {204}
    assert [await client.stock(lamp), await client.stock(chair)] == [5, 5]
    assert await client.status(key) == "RELEASED"
    assert (await client.confirm(key)).status_code == 409
    assert (await client.reserve(key, (lamp, 3), (chair, 1))).status_code == 409


async def test_concurrent_confirmations_and_returns_end_with_the_goods_in_stock(client: ReservationClient) -> None:
    for _ in range(3):
        lamp, key = await client.product(5), str(uuid4())
        await client.reserve(key, (lamp, 2))

        confirmed, returned, _ = await asyncio.gather(client.confirm(key), client.take_back(key), client.confirm(key))

        assert confirmed.status_code in {200, 409}
        assert returned.status_code == 204
        assert (await client.status(key), await client.stock(lamp)) == ("RELEASED", 5)


async def test_an_unknown_reservation_is_not_found(client: ReservationClient) -> None:
    assert (await client.confirm(str(uuid4()))).status_code == 404
    assert (await client.take_back(str(uuid4()))).status_code == 404
    assert (await client.http.get(f"{client.url}/{uuid4()}")).status_code == 404


async def test_conflicting_reservations_sell_the_whole_stock(client: ReservationClient) -> None:
    """Transactions conflict on the same items: each is all or none, and none waits forever."""
    first, second = await client.product(10), await client.product(10)
    baskets = [((first, 1), (second, 1)), ((second, 1), (first, 1))]

    answers = await asyncio.gather(*(client.reserve(str(uuid4()), *baskets[i % 2]) for i in range(16)))

    assert Counter(answer.status_code for answer in answers) == {201: 10, 409: 6}
    assert [await client.stock(first), await client.stock(second)] == [0, 0]


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
async def test_an_invalid_reservation_is_rejected_by_field(
    change: dict[str, Any], field: str, client: ReservationClient
) -> None:
    body = {"reservationId": str(uuid4()), "items": [ITEM], **change}
    answer = await client.http.post(client.url, json=body)
    assert answer.status_code == 422
    assert [error["field"] for error in answer.json()["errors"]] == [field]
