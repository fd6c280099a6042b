"""Connections that break at the worst moment: no order and no goods may be lost or duplicated."""

import asyncio
from collections.abc import Callable
from dataclasses import replace
from itertools import count
from urllib.parse import urlsplit

import pytest

from tests.services.customer import Customer, Shop
from tests.services.fault_proxy import Fault, FaultProxy
from tests.services.processes import Service, migrate
from tests.services.shop_postgres import ShopPostgres

Start = Callable[..., Service]
_numbers = count()


@pytest.mark.parametrize(("fault", "status", "left"), [("drop-after", 201, 3), ("drop-before", 503, 5)])
async def test_an_order_survives_a_lost_commit_response(
    fault: Fault, status: int, left: int, customer: Customer, shop: Shop, start: Start
) -> None:
    address = urlsplit(shop.orders.url)
    proxy = FaultProxy(address.port or 0)
    with proxy.listening() as port:
        through = shop.orders.url.replace(f":{address.port}/", f":{port}/")
        urls = {"USER_URL": shop.user.url, "PRODUCT_URL": shop.product.url}
        order = start("order", DATABASE_URL=through, **urls).wait_until("/health")
        buyer, lamp = await customer.sign_up(), await customer.product(inventory=5)
        proxy.arm(fault, b"COMMIT", after=b"INSERT INTO orders")

        answer = await Customer(customer.http, replace(shop, order=order)).order(buyer, (lamp, 2))

        assert proxy.broke == 1
        assert answer.status_code == status
        assert await customer.stock(lamp) == left
        if status == 201:
            found = await customer.http.get(shop.order.url + answer.headers["location"])
            assert found.json()["totalAmount"] == "25.00"
        order.stop()


@pytest.mark.parametrize("fault", ["drop-before", "drop-after"])
@pytest.mark.parametrize("marker", [b"GET /users", b"POST /reservations ", b"/confirm"])
async def test_a_broken_call_is_retried_and_takes_the_goods_once(
    fault: Fault, marker: bytes, customer: Customer, shop: Shop, start: Start, postgres: ShopPostgres
) -> None:
    database = postgres.create(f"broken{next(_numbers)}")
    migrate("order", database.owner_url)
    broken = shop.user if b"users" in marker else shop.product
    proxy = FaultProxy(broken.port)
    with proxy.listening() as port:
        urls = {"USER_URL": shop.user.url, "PRODUCT_URL": shop.product.url}
        urls[f"{broken.name.upper()}_URL"] = f"http://127.0.0.1:{port}"
        order = start("order", DATABASE_URL=database.url, **urls).wait_until("/ready")
        buyer, lamp = await customer.sign_up(), await customer.product(inventory=5)
        proxy.arm(fault, marker)

        answer = await Customer(customer.http, replace(shop, order=order)).order(buyer, (lamp, 2))

        assert answer.status_code == 201
        address = order.url + answer.headers["location"]
        while (await customer.http.get(address)).json()["status"] != "CONFIRMED":  # noqa: ASYNC110  (elsewhere)
            await asyncio.sleep(0.1)
        assert proxy.broke == 1
        assert await customer.stock(lamp) == 3
        order.stop()
