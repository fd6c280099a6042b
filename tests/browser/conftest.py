"""Fixtures: the whole shop as processes, with AWS resources that the operator's code creates, and a browser."""

import json
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from selenium import webdriver
from selenium.webdriver.chrome.options import Options
from selenium.webdriver.chrome.service import Service as Driver

from tests.ports import free_port
from tests.services.aws_resources import clusterless_operator
from tests.services.conftest import CREDENTIALS, aws_url, postgres, start
from tests.services.processes import Service, migrate
from tests.services.shop_postgres import ShopPostgres
from tests.tools.cluster.packages import BROWSER, install
from tests.tools.demo.rendering import REPOSITORY, rendered

__all__ = ["aws_url", "postgres", "start"]  # fixtures
FLAGS = (
    *("--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run"),
    *("--disable-background-networking", "--disable-component-update", "--disable-sync"),
    *("--disable-dev-shm-usage", "--window-size=1280,960", "--force-device-scale-factor=1"),
)


@dataclass(frozen=True)
class Shop:
    """Four processes, configured like their pods."""

    user: Service
    product: Service
    order: Service
    gateway: Service

    @property
    def services(self) -> tuple[Service, ...]:
        return (self.gateway, self.user, self.product, self.order)

    def lines(self, trace_id: str) -> dict[str, list[str]]:
        """Return each service's log messages of one trace."""
        return {
            service.name: [line["message"] for line in service.log_lines if line["traceId"] == trace_id]
            for service in self.services
        }


@pytest.fixture(scope="package")
async def shop(aws_url: str, postgres: ShopPostgres, start: Callable[..., Service]) -> Shop:
    objects = rendered("manifests/local/gateway", [])
    specs = {item["metadata"]["name"]: item["spec"] for item in objects if item["kind"] == "Microservice"}
    documents = {item["metadata"]["name"]: item["data"] for item in objects if item["kind"] == "ConfigMap"}
    variables: dict[str, dict[str, str]] = {}
    with clusterless_operator(aws_url) as operator:
        for name in ("user", "product", "order"):
            spec = {
                key: value for key, value in specs[name].items() if key != "databases"
            }  # the tests provide PostgreSQL
            made = await operator.provide(name, spec, documents[f"{name}-openapi"]["openapi.yaml"])
            variables[name] = {**operator.variables(name, made, aws_url), **CREDENTIALS}
    port = free_port()
    trust = {"API_AUTH_ISSUER": "https://gateway.shop.svc", "API_AUTH_AUDIENCES": "shop"}
    for name in ("user", "product", "order"):
        variables[name] |= {**trust, "API_AUTH_JWKS_URL": f"http://127.0.0.1:{port}/.well-known/jwks.json"}
    for name in ("user", "order"):
        database = postgres.create(f"{name}s")
        migrate(name, database.owner_url)
        variables[name]["DATABASE_URL"] = database.url
    user, product = start("user", **variables["user"]), start("product", **variables["product"])
    long_timeout = {"UPSTREAM_TIMEOUT_SECONDS": "30"}  # the test machine may be busy
    urls = {"USER_URL": user.url, "PRODUCT_URL": product.url}
    order = start("order", **{**variables["order"], **urls, **long_timeout})
    running = {"user.shop": user.url, "product.shop": product.url, "order.shop": order.url}
    own = {variable["name"]: variable["value"] for variable in specs["gateway"]["env"]}
    away = {"AWS_ENDPOINT_URL": aws_url, "AWS_REGION": "us-east-1", "ENVIRONMENT": "local", "ORDER_URL": order.url}
    gateway = start("gateway", **{**own, **away, "SERVICE_ADDRESSES": json.dumps(running), "PORT": str(port)})
    for service in (user, product, order, gateway):
        service.wait_until("/ready")
    return Shop(user, product, order, gateway)


@pytest.fixture(scope="package")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[webdriver.Chrome]:
    install(BROWSER, print)
    options = Options()
    options.binary_location = shutil.which("chromium") or ""
    for flag in (*FLAGS, f"--user-data-dir={tmp_path_factory.mktemp('chromium')}"):
        options.add_argument(flag)
    driver = webdriver.Chrome(options, Driver(shutil.which("chromedriver")))
    driver.set_page_load_timeout(60)
    yield driver
    driver.quit()


@pytest.fixture(scope="package")
def screenshots() -> Path:
    """The folder of the screenshots."""
    folder = REPOSITORY / ".local" / "screenshots"
    folder.mkdir(parents=True, exist_ok=True)
    return folder
