"""The whole shop as processes, on what the operator's own code makes in AWS, and a browser before it."""

import json
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from selenium import webdriver
from selenium.webdriver.chrome.options import Options
from selenium.webdriver.chrome.service import Service as Driver

from tests.cluster.packages import BROWSER, install
from tests.demo.rendering import REPOSITORY, rendered
from tests.services.conftest import CREDENTIALS, aws_url, postgres, start
from tests.services.operator_side import operator_side
from tests.services.processes import Service, migrate
from tests.services.shop_postgres import ShopPostgres

__all__ = ["aws_url", "postgres", "start"]  # fixtures
FLAGS = (
    *("--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run"),
    *("--disable-background-networking", "--disable-component-update", "--disable-sync"),
    *("--disable-dev-shm-usage", "--window-size=1280,960", "--force-device-scale-factor=1"),
)


@dataclass(frozen=True)
class Shop:
    """Four processes, each as its pod would run it."""

    user: Service
    product: Service
    order: Service
    gateway: Service

    @property
    def services(self) -> tuple[Service, ...]:
        return (self.gateway, self.user, self.product, self.order)

    def lines(self, trace_id: str) -> dict[str, list[str]]:
        """What each logged of one trace."""
        return {
            service.name: [line["message"] for line in service.log_lines if line["traceId"] == trace_id]
            for service in self.services
        }


@pytest.fixture(scope="package")
async def shop(aws_url: str, postgres: ShopPostgres, start: Callable[..., Service]) -> Shop:
    objects = rendered("manifests/local/gateway", [])
    specs = {item["metadata"]["name"]: item["spec"] for item in objects if item["kind"] == "Microservice"}
    documents = {item["metadata"]["name"]: item["data"] for item in objects if item["kind"] == "ConfigMap"}
    told: dict[str, dict[str, str]] = {}
    with operator_side(aws_url) as operator:
        for name in ("user", "product", "order"):
            spec = {
                key: value for key, value in specs[name].items() if key != "databases"
            }  # PostgreSQL is the tests' own
            made = await operator.provide(name, spec, documents[f"{name}-openapi"]["openapi.yaml"])
            told[name] = {**operator.variables(name, made, aws_url), **CREDENTIALS}
    for name in ("user", "order"):
        database = postgres.create(f"{name}s")
        migrate(name, database.owner_url)
        told[name]["DATABASE_URL"] = database.url
    user, product = start("user", **told["user"]), start("product", **told["product"])
    calm = {"UPSTREAM_TIMEOUT_SECONDS": "30"}  # the machine that runs the tests may be busy
    order = start("order", **{**told["order"], "USER_URL": user.url, "PRODUCT_URL": product.url, **calm})
    running = {"user.shop": user.url, "product.shop": product.url, "order.shop": order.url}
    own = {variable["name"]: variable["value"] for variable in specs["gateway"]["env"]}
    away = {"AWS_ENDPOINT_URL": aws_url, "AWS_REGION": "us-east-1", "ENVIRONMENT": "local", "ORDER_URL": order.url}
    gateway = start("gateway", **{**own, **away, "SERVICE_ADDRESSES": json.dumps(running)})
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
    """Where a person looks at what the browser saw."""
    folder = REPOSITORY / ".local" / "screenshots"
    folder.mkdir(parents=True, exist_ok=True)
    return folder
