"""A service under overload, with expired deadlines, and during an outage of its database."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from urllib.parse import urlsplit
from uuid import uuid4

import httpx2
import pytest

from shop_shared import pagination
from tests.services.customer import stocked
from tests.services.fault_proxy import FaultProxy
from tests.services.processes import Service

Start = Callable[..., Service]


class Switch:
    """A proxy that can be switched off: it then rejects new connections and closes open ones."""

    def __init__(self, target_port: int) -> None:
        self._target_port = target_port
        self._open: set[asyncio.StreamWriter] = set()
        self._server: asyncio.Server | None = None
        self.port = 0

    async def on(self) -> None:
        self._server = await asyncio.start_server(self._pass, "127.0.0.1", self.port)
        self.port = self._server.sockets[0].getsockname()[1]

    async def off(self) -> None:
        assert self._server
        self._server.close()
        for writer in list(self._open):
            writer.close()

    async def _pass(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        there, back = await asyncio.open_connection("127.0.0.1", self._target_port)
        self._open |= {writer, back}
        await asyncio.gather(_copy(reader, back), _copy(there, writer))
        self._open -= {writer, back}


async def _copy(source: asyncio.StreamReader, target: asyncio.StreamWriter) -> None:
    try:
        while part := await source.read(65_536):
            target.write(part)
            await target.drain()
    except ConnectionError:
        pass
    finally:
        target.close()


@asynccontextmanager
async def switched(target_port: int) -> AsyncIterator[Switch]:
    switch = Switch(target_port)
    await switch.on()
    try:
        yield switch
    finally:
        await switch.off()


async def test_the_catalogue_is_served_from_the_cache_in_a_dynamodb_outage(
    http: httpx2.AsyncClient, start: Start, product_tables: dict[str, str], aws: dict[str, str]
) -> None:
    async with switched(urlsplit(aws["AWS_ENDPOINT_URL"]).port or 0) as switch:
        through = {**aws, "AWS_ENDPOINT_URL": f"http://127.0.0.1:{switch.port}"}
        product = await asyncio.to_thread(start("product", **product_tables, **through).wait_until, "/ready")
        products = f"{product.url}/products"
        seen, unseen = await stocked(http, products, 3), await stocked(http, products, 3)
        fresh = await http.get(f"{products}/{seen}")
        page = await http.get(products)
        # A crawler with invented cursors must not evict the pages that customers see.
        for _ in range(70):
            await http.get(products, params={"cursor": pagination.encode(str(uuid4()))})
        several = await http.get(products, params={"id": [seen]})

        await switch.off()
        remembered = await http.get(f"{products}/{seen}")
        old_page = await http.get(products)
        old_several = await http.get(products, params={"id": [seen]})
        partly_unknown = await http.get(products, params={"id": [seen, unseen]})
        unknown = await http.get(f"{products}/{unseen}")
        reservation = {"reservationId": str(uuid4()), "items": [{"productId": seen, "quantity": 1}]}
        refused = await http.post(f"{product.url}/reservations", json=reservation)
        ready = await http.get(f"{product.url}/ready")
        metrics = (await http.get(f"{product.url}/metrics")).text

        assert (fresh.json()["cached"], "age" in fresh.headers) == (False, False)
        assert remembered.status_code == 200
        assert remembered.json() == fresh.json() | {"cached": True}
        assert int(remembered.headers["age"]) >= 0
        assert old_page.json() == page.json() | {"cached": True}
        assert old_several.json()["items"] == [several.json()["items"][0] | {"cached": True}]
        assert old_several.json()["cached"]
        for answer in (unknown, partly_unknown, refused):
            assert answer.status_code == 503, "uncached products and reservations must not come from the cache"
            assert int(answer.headers["retry-after"]) > 0
        assert ready.status_code == 200, "an unready pod could not serve its cache"
        assert 'fallback_answers_total{cache="product"} 3.0' in metrics
        assert 'circuit_breaker_state{upstream="dynamodb"}' in metrics

        await switch.on()
        while (await http.get(f"{products}/{seen}")).json()["cached"]:  # noqa: ASYNC110  (another process changes it)
            await asyncio.sleep(0.2)
        assert (await http.post(f"{product.url}/reservations", json=reservation)).status_code == 201


async def test_a_service_sheds_requests_above_its_limit_and_stays_alive(
    http: httpx2.AsyncClient, start: Start, postgres_port: int, user_database_url: str
) -> None:
    proxy = FaultProxy(postgres_port)
    with proxy.listening() as port:
        url = user_database_url.replace(f":{postgres_port}/", f":{port}/")
        user = await asyncio.to_thread(start("user", DATABASE_URL=url, MAX_REQUESTS="2").wait_until, "/ready")
        proxy.arm("hang", b"FROM users")
        first = asyncio.create_task(http.get(f"{user.url}/users/{uuid4()}"))
        while not proxy.broke:  # noqa: ASYNC110  (a thread changes it)
            await asyncio.sleep(0.02)
        proxy.arm("hang", b"FROM users")
        second = asyncio.create_task(http.get(f"{user.url}/users/{uuid4()}"))
        while proxy.broke < 2:  # noqa: ASYNC110
            await asyncio.sleep(0.02)

        third = await http.get(f"{user.url}/users/{uuid4()}")
        alive = await http.get(f"{user.url}/health")
        metrics = (await http.get(f"{user.url}/metrics")).text

        assert third.status_code == 503
        assert third.json()["type"] == "urn:shop:problem:overloaded"
        assert int(third.headers["retry-after"]) > 0
        assert alive.status_code == 200
        assert "http_requests_shed_total 1.0" in metrics
        assert "http_requests_in_flight 2.0" in metrics
        await asyncio.gather(first, second)
        assert (await http.get(f"{user.url}/users/{uuid4()}")).status_code == 404


@pytest.mark.parametrize(("asked", "status"), [("0", 504), ("5000", 404), ("soon", 404), ("9" * 12, 404), ("-1", 404)])
async def test_a_request_after_its_deadline_gets_504(
    asked: str, status: int, http: httpx2.AsyncClient, product: Service
) -> None:
    answer = await http.get(f"{product.url}/products/{uuid4()}", headers={"x-request-timeout-ms": asked})
    assert answer.status_code == status
    if status == 504:
        assert answer.json()["type"] == "urn:shop:problem:deadline-exceeded"
