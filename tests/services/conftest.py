"""Fixtures: one PostgreSQL, one AWS emulator and one running shop for all tests. No part of the project is mocked."""

import socket
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import ExitStack, suppress
from pathlib import Path
from urllib.parse import urlsplit

import boto3
import httpx2
import pytest
from botocore.config import Config

from tests.ports import free_port
from tests.services import tokens
from tests.services.customer import Customer, Shop
from tests.services.intake_function import function, package
from tests.services.processes import CREDENTIALS, REGION, ROOT, Service, environment, migrate
from tests.services.shop_postgres import ShopPostgres

__all__ = ["CREDENTIALS", "REGION", "function", "package"]
# Long timeouts, because the test machine may be busy: these tests check who gets the goods, not how fast.
LONG_TIMEOUTS = {"UPSTREAM_TIMEOUT_SECONDS": "30", "REQUEST_TIMEOUT_SECONDS": "60", "DYNAMODB_TIMEOUT_SECONDS": "30"}


@pytest.fixture(scope="package")
def aws_url() -> Iterator[str]:
    port = free_port()
    with subprocess.Popen(
        [sys.executable, "-m", "tests.fakes.aws", "--host=127.0.0.1", f"--port={port}"],
        cwd=ROOT,
        env=environment("product", **CREDENTIALS),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    ) as emulator:
        yield f"http://127.0.0.1:{port}"
        emulator.kill()


@pytest.fixture(scope="package")
def postgres() -> Iterator[ShopPostgres]:
    server = ShopPostgres()
    yield server
    server.stop()


@pytest.fixture(scope="package")
def product_tables(aws_url: str, postgres: ShopPostgres) -> dict[str, str]:
    """Create the tables of product's microservice.yaml, and return their environment variables.

    It depends on PostgreSQL only so that both servers start at the same time.
    """
    assert postgres
    while True:
        with suppress(ConnectionRefusedError), socket.create_connection(("127.0.0.1", urlsplit(aws_url).port or 0)):
            break
        time.sleep(0.1)
    client = boto3.client(
        "dynamodb",
        region_name=REGION,
        endpoint_url=aws_url,
        aws_access_key_id="test",
        aws_secret_access_key="test",
        config=Config(retries={"mode": "standard", "total_max_attempts": 10}),
    )
    client.create_table(
        TableName="shop-products",
        KeySchema=[{"AttributeName": "productId", "KeyType": "HASH"}],
        AttributeDefinitions=[{"AttributeName": "productId", "AttributeType": "S"}],
        BillingMode="PAY_PER_REQUEST",
    )
    client.create_table(
        TableName="shop-reservations",
        KeySchema=[{"AttributeName": "reservationId", "KeyType": "HASH"}],
        AttributeDefinitions=[
            {"AttributeName": "reservationId", "AttributeType": "S"},
            {"AttributeName": "held", "AttributeType": "S"},
            {"AttributeName": "expiresAt", "AttributeType": "N"},
        ],
        GlobalSecondaryIndexes=[
            {
                "IndexName": "byExpiry",
                "KeySchema": [
                    {"AttributeName": "held", "KeyType": "HASH"},
                    {"AttributeName": "expiresAt", "KeyType": "RANGE"},
                ],
                "Projection": {"ProjectionType": "ALL"},
            }
        ],
        BillingMode="PAY_PER_REQUEST",
    )
    client.close()
    return {"PRODUCTS_TABLE": "shop-products", "RESERVATIONS_TABLE": "shop-reservations"}


@pytest.fixture(scope="package")
def start(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[..., Service]]:
    """Return a function that starts a service. The fixture stops all services at the end."""
    folder: Path = tmp_path_factory.mktemp("services")
    with ExitStack() as running:

        def service(name: str, **variables: str) -> Service:
            started = Service(name, folder, **variables)
            running.callback(started.stop)
            return started

        yield service


@pytest.fixture(scope="package")
def aws(aws_url: str) -> dict[str, str]:
    return {"AWS_REGION": REGION, "AWS_ENDPOINT_URL": aws_url, **CREDENTIALS}


@pytest.fixture(scope="package")
def starting_product(start: Callable[..., Service], product_tables: dict[str, str], aws: dict[str, str]) -> Service:
    """Start the service without waiting, so that the services start in parallel."""
    return start("product", EXPIRY_INTERVAL_SECONDS="0.2", **LONG_TIMEOUTS, **product_tables, **aws)


@pytest.fixture(scope="package")
def user_database_url(postgres: ShopPostgres) -> str:
    users = postgres.create("users")
    migrate("user", users.owner_url)
    return users.url


@pytest.fixture(scope="package")
def postgres_port(user_database_url: str) -> int:
    return urlsplit(user_database_url).port or 0


@pytest.fixture(scope="package")
def starting_user(start: Callable[..., Service], user_database_url: str) -> Service:
    return start("user", DATABASE_URL=user_database_url)


@pytest.fixture(scope="package")
def product(starting_product: Service) -> Service:
    return starting_product.wait_until("/ready")


@pytest.fixture(scope="package")
def user(starting_user: Service) -> Service:
    return starting_user.wait_until("/ready")


@pytest.fixture(scope="package")
def shop(
    start: Callable[..., Service], postgres: ShopPostgres, starting_product: Service, starting_user: Service
) -> Shop:
    orders = postgres.create("orders")
    migrate("order", orders.owner_url)
    urls = {"USER_URL": starting_user.url, "PRODUCT_URL": starting_product.url}
    order = start("order", DATABASE_URL=orders.url, **urls, **LONG_TIMEOUTS)
    for service in (starting_product, starting_user, order):
        service.wait_until("/ready")
    return Shop(starting_user, starting_product, order, orders)


@pytest.fixture(scope="package")
async def http() -> AsyncIterator[httpx2.AsyncClient]:
    """A client with the token of somebody with all rights. Requests of customers carry their own."""
    async with httpx2.AsyncClient(timeout=60, trust_env=False, headers=tokens.staff()) as client:
        yield client


@pytest.fixture(scope="package")
def customer(http: httpx2.AsyncClient, shop: Shop) -> Customer:
    return Customer(http, shop)
