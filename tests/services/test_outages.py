"""A service without its database: alive, not ready, answering 503, and ready again afterwards."""

import asyncio
from collections.abc import AsyncIterator, Callable
from urllib.parse import urlsplit
from uuid import uuid4

import httpx2
import pytest

from tests.services.conftest import CREDENTIALS, REGION
from tests.services.fault_proxy import FaultProxy
from tests.services.processes import Service, migrate
from tests.services.shop_postgres import ShopPostgres

Start = Callable[..., Service]


@pytest.fixture
async def silent_port() -> AsyncIterator[int]:
    """A port that accepts connections and never responds."""
    released = asyncio.Event()

    async def hold(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await released.wait()
        writer.close()

    async with await asyncio.start_server(hold, "127.0.0.1", 0) as server:
        yield server.sockets[0].getsockname()[1]
        released.set()


async def test_a_service_survives_a_database_outage(
    http: httpx2.AsyncClient, start: Start, postgres: ShopPostgres
) -> None:
    database = postgres.create("flaky")
    migrate("user", database.owner_url)
    user = start("user", DATABASE_URL=database.url).wait_until("/ready")

    postgres.run("ALTER DATABASE flaky ALLOW_CONNECTIONS false")
    postgres.run("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = 'flaky'")
    ready = await http.get(f"{user.url}/ready")
    read = await http.get(f"{user.url}/users/{uuid4()}")
    alive = await http.get(f"{user.url}/health")
    postgres.run("ALTER DATABASE flaky ALLOW_CONNECTIONS true")

    assert [ready.status_code, read.status_code, alive.status_code] == [503, 503, 200]
    for answer in (ready, read):
        assert answer.headers["content-type"] == "application/problem+json"
        assert int(answer.headers["retry-after"]) > 0
    assert (await http.get(f"{user.url}/ready")).status_code == 200
    assert (await http.get(f"{user.url}/users/{uuid4()}")).status_code == 404


async def test_a_hanging_database_connection_is_replaced(
    http: httpx2.AsyncClient, start: Start, postgres: ShopPostgres
) -> None:
    database = postgres.create("frozen")
    address = urlsplit(database.url)
    proxy = FaultProxy(address.port or 0)
    with proxy.listening() as port:
        user = start("user", DATABASE_URL=database.url.replace(f":{address.port}/", f":{port}/")).wait_until("/ready")
        proxy.arm("hang", b"")

        hanging = await http.get(f"{user.url}/ready")

        assert (hanging.status_code, proxy.broke) == (503, 1)
        user.wait_until("/ready")


@pytest.mark.parametrize("service", ["user", "order"])
async def test_a_service_is_unready_when_postgres_never_answers(
    service: str, http: httpx2.AsyncClient, start: Start, silent_port: int
) -> None:
    url = f"postgresql://app:secret@127.0.0.1:{silent_port}/app"
    urls = {"USER_URL": "http://127.0.0.1:9", "PRODUCT_URL": "http://127.0.0.1:9"}
    running = start(service, DATABASE_URL=url, **urls).wait_until("/health")

    answers = await asyncio.gather(*(http.get(f"{running.url}/ready") for _ in range(5)))

    assert {answer.status_code for answer in answers} == {503}
    assert (await http.get(f"{running.url}/health")).status_code == 200


async def test_product_is_unready_when_dynamodb_never_answers(
    http: httpx2.AsyncClient, start: Start, silent_port: int
) -> None:
    aws = {"AWS_ENDPOINT_URL": f"http://127.0.0.1:{silent_port}", "AWS_REGION": REGION, **CREDENTIALS}
    product = start("product", PRODUCTS_TABLE="p", RESERVATIONS_TABLE="r", **aws).wait_until("/health")

    assert (await http.get(f"{product.url}/ready")).status_code == 503
    assert (await http.get(f"{product.url}/health")).status_code == 200


async def test_product_is_unready_when_its_table_does_not_exist(
    http: httpx2.AsyncClient, start: Start, aws_url: str
) -> None:
    aws = {"AWS_ENDPOINT_URL": aws_url, "AWS_REGION": REGION, **CREDENTIALS}
    product = start("product", PRODUCTS_TABLE="no-such-table", RESERVATIONS_TABLE="r", **aws).wait_until("/health")

    ready = await http.get(f"{product.url}/ready")
    read = await http.get(f"{product.url}/products/{uuid4()}")

    assert [ready.status_code, read.status_code] == [503, 503]
    assert int(read.headers["retry-after"]) > 0
