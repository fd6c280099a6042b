"""Routes from the ConfigMap to the gateway and back, by the operator as its ServiceAccount."""

import json
from typing import Any

import pytest

from microservice_operator.cluster.kinds import CONFIG_MAP

from . import install
from .api import until
from .namespace import Namespace
from .stage import Stage

LISTENER = "arn:aws:elasticloadbalancing:us-east-1:123456789012:listener/app/shop/50dc6c495c0c9188/f2f7dc8efc522ab2"
KEY = {"name": "openapi", "key": "openapi.json"}
API = {"openAPI": {"configMapKeyRef": KEY}, "auth": {"none": True}}


@pytest.fixture(scope="module")
def gateway(stage: Stage) -> Any:
    """API Gateway as the emulator has it."""
    return stage.strict.clients["apigatewayv2"]


@pytest.fixture
def shop(stage: Stage, namespace: Namespace) -> Namespace:
    """A namespace whose Environment, of the same name, has a gateway."""
    aws = {"region": install.REGION, "accountID": install.ACCOUNT}
    gateway = {"name": namespace.name[:128], "vpcLinkID": "abc123", "listenerARN": LISTENER, "deletionPolicy": "Delete"}
    install.environment(stage.api, stage.postgres_port, stage.admin, namespace.name, aws={**aws, "apiGateway": gateway})
    return namespace


def publish(shop: Namespace, *paths: str, name: str = "openapi") -> None:
    document = {"openapi": "3.1.0", "paths": {path: {"get": {}} for path in paths}}
    body = {"metadata": {"name": name, "namespace": shop.name}, "data": {"openapi.json": json.dumps(document)}}
    shop.api.apply(CONFIG_MAP, body)


def routes(gateway: Any, shop: Namespace) -> set[str]:
    apis = [api["ApiId"] for api in gateway.get_apis()["Items"] if api["Name"] == shop.name]
    return {route["RouteKey"] for api in apis for route in gateway.get_routes(ApiId=api)["Items"]}


def test_a_document_becomes_routes_that_follow_it_and_go(stage: Stage, gateway: Any, shop: Namespace) -> None:
    shop.create("order", environment=shop.name, api=API)
    shop.until("order", "RoutesReady", "False", "InvalidDocument")
    assert "ConfigMap openapi does not exist" in shop.conditions("order")["RoutesReady"]["message"]
    publish(shop, "/orders", "/orders/{orderId}")
    shop.until("order", "RoutesReady", "True")
    assert routes(gateway, shop) == {"GET /orders", "GET /orders/{orderId}"}
    (api,) = (api for api in gateway.get_apis()["Items"] if api["Name"] == shop.name)
    assert shop.read("order")["status"]["endpoints"]["gateway"] == api["ApiEndpoint"]
    stage.until_quiet()
    before = stage.aws.writes()
    shop.ask("order")
    stage.idle(2)
    assert stage.aws.writes() == before
    publish(shop, "/orders")
    until(lambda: routes(gateway, shop) == {"GET /orders"}, "the route is not deleted")
    shop.delete("order")
    shop.until_gone("order")
    assert shop.name not in [api["Name"] for api in gateway.get_apis()["Items"]]


def test_the_younger_waits_for_the_older_to_go(gateway: Any, shop: Namespace) -> None:
    publish(shop, "/things/{id}")
    publish(shop, "/things/{thingId}", "/more", name="younger")
    shop.create("older", environment=shop.name, api=API)
    shop.until("older", "RoutesReady", "True")
    shop.create(
        "younger", environment=shop.name, api={**API, "openAPI": {"configMapKeyRef": {**KEY, "name": "younger"}}}
    )
    stalled = shop.until_stalled("younger", "Conflict")
    assert f"Microservice {shop.name}/older has the route GET /things/{{id}}" in stalled["message"]
    assert routes(gateway, shop) == {"GET /things/{id}", "GET /more"}
    shop.delete("older")
    shop.until_gone("older")
    shop.until("younger", "RoutesReady", "True")
    assert routes(gateway, shop) == {"GET /things/{thingId}", "GET /more"}


def test_routes_that_are_no_longer_declared_go_and_the_service_stays(gateway: Any, shop: Namespace) -> None:
    publish(shop, "/orders")
    shop.create("order", environment=shop.name, api=API)
    shop.until("order", "RoutesReady", "True")
    shop.change("order", api=None)
    until(lambda: not routes(gateway, shop), "the routes are not deleted")
    until(lambda: "gateway" not in shop.read("order")["status"]["endpoints"], "status.endpoints still has the gateway")
    until(lambda: not shop.read("order")["metadata"].get("finalizers"), "the finalizer is not removed")
    shop.until_ready("order")
