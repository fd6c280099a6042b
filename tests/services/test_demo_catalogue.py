"""The demo's catalogue: an empty shop gets the storefront's samples, once."""

import asyncio
from collections.abc import Callable

import boto3
import httpx2

from tests.services import tokens
from tests.services.conftest import CREDENTIALS, REGION
from tests.services.processes import Service
from tests.tools.demo.shop import SAMPLES, fill_the_shelves


async def test_an_empty_shop_gets_the_samples_and_another_keeps_its_own(
    start: Callable[..., Service], product_tables: dict[str, str], aws: dict[str, str]
) -> None:
    client = boto3.client(
        "dynamodb",
        region_name=REGION,
        endpoint_url=aws["AWS_ENDPOINT_URL"],
        aws_access_key_id=CREDENTIALS["AWS_ACCESS_KEY_ID"],
        aws_secret_access_key=CREDENTIALS["AWS_SECRET_ACCESS_KEY"],
    )
    client.create_table(
        TableName="demo-products",
        KeySchema=[{"AttributeName": "productId", "KeyType": "HASH"}],
        AttributeDefinitions=[{"AttributeName": "productId", "AttributeType": "S"}],
        BillingMode="PAY_PER_REQUEST",
    )
    client.close()
    product = start("product", **{**product_tables, "PRODUCTS_TABLE": "demo-products"}, **aws)
    await asyncio.to_thread(product.wait_until, "/ready")
    with httpx2.Client(timeout=60, trust_env=False) as http:
        for _ in range(2):
            fill_the_shelves(http, f"{product.url}/products", tokens.staff())
        names = sorted(item["name"] for item in http.get(f"{product.url}/products").json()["items"])
    assert names == sorted(name for name, _, _ in SAMPLES)
    product.stop()
