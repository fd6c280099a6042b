"""What API Gateway tells a service about its caller, against the strict layer: two headers that no caller can set."""

import json
from typing import Any

import pytest

from microservice_operator.aws.apigateway.integrations import MARK
from microservice_operator.facts import Reason, State

from .test_routes import JWT, ORDERS, TOKENS, Service, Shop, document, gateway_client, shop

__all__ = ["gateway_client", "shop"]  # fixtures
SENT = {"overwrite:path": "$request.path", "overwrite:header.x-microservice": "order.shop"}
OF_TOKENS = {
    **SENT,
    "overwrite:header.x-caller-subject": "$context.authorizer.claims.sub",
    "overwrite:header.x-caller-scopes": "$context.authorizer.claims.scope",
}
REMOVED = {**SENT, "remove:header.x-caller-subject": "''", "remove:header.x-caller-scopes": "''"}
PUBLIC: dict[str, Any] = {"security": []}


def forwarded(shop: Shop) -> dict[str, dict[str, str]]:
    """The request parameters behind each route."""
    by_id = {each["IntegrationId"]: each["RequestParameters"] for each in shop.integrations()}
    return {key: by_id[route["Target"].removeprefix("integrations/")] for key, route in shop.routes().items()}


def assert_safe(shop: Shop) -> None:
    """No public route forwards what only an authorizer knows: what happens to the header then is not documented."""
    for key, parameters in forwarded(shop).items():
        if shop.routes()[key]["AuthorizationType"] == "NONE":
            assert not any("$context.authorizer" in value for value in parameters.values()), key


async def drive(order: Service) -> list[str]:
    """Reconcile until nothing changes, look at the routes after each reconciliation, and return the writes."""
    before, keys = len(order.shop.writes()), set(order.shop.routes())
    for _ in range(60):
        part = await order.step()
        assert_safe(order.shop)
        assert keys <= set(order.shop.routes())
        if part.state is State.READY:
            await order.assert_quiet()
            return order.shop.writes()[before:]
        order.shop.now[0] += part.after or 1
    raise AssertionError(part)


def both(shop: Shop) -> Service:
    """A service with a public route and one that needs a token."""
    order = shop.service("order", auth=JWT, allowAnonymous=True)
    order.text = document(("GET /orders", "POST /orders"), get=PUBLIC)
    return order


def forget(shop: Shop, order: Service) -> str:
    """Leave what an earlier version created: one integration for all routes, without the mark; return its id."""
    api = shop.api()["ApiId"]
    first, *others = (each["IntegrationId"] for each in shop.integrations())
    for route in shop.routes().values():
        shop.client.update_route(ApiId=api, RouteId=route["RouteId"], Target=f"integrations/{first}")
    for other in others:
        shop.client.delete_integration(ApiId=api, IntegrationId=other)
    described = json.dumps(order.scope.owner.marks, sort_keys=True)
    shop.client.update_integration(ApiId=api, IntegrationId=first, Description=described, RequestParameters=SENT)
    return str(first)


async def test_each_kind_of_route_has_its_integration(shop: Shop) -> None:
    order = both(shop)
    assert (await order.drive()).state is State.READY
    assert forwarded(shop) == {"GET /orders": REMOVED, "POST /orders": OF_TOKENS}
    assert {json.loads(each["Description"])[MARK] for each in shop.integrations()} == {"anyone", "token"}
    await order.assert_quiet()
    await order.leave()
    assert (shop.integrations(), shop.routes(), shop.authorizers()) == ([], {}, [])


@pytest.mark.parametrize(
    ("operation", "expected"), [(PUBLIC, REMOVED), ({}, OF_TOKENS)], ids=["only public routes", "only tokens"]
)
async def test_one_kind_of_route_needs_one_integration(shop: Shop, operation: Any, expected: dict[str, str]) -> None:
    order = shop.service("order", auth=JWT, allowAnonymous=True)
    order.text = document(("GET /orders", "GET /orders/{id}"), get=operation)
    await order.drive()
    assert [each["RequestParameters"] for each in shop.integrations()] == [expected]


async def test_the_environment_gives_the_default(shop: Shop) -> None:
    shop.gateway["auth"] = JWT
    order = shop.service("order", auth=None)
    assert (await order.drive(ORDERS)).state is State.READY
    assert {route["AuthorizationType"] for route in shop.routes().values()} == {"JWT"}
    (authorizer,) = shop.authorizers()
    assert authorizer["JwtConfiguration"]["Issuer"] == TOKENS.issuer
    before, routes = shop.writes(), shop.routes()
    del shop.gateway["auth"]
    part = await order.step()
    assert (part.state, part.reason, part.field) == (State.STALLED, Reason.AUTH_MISSING, "spec.api.auth")
    assert "GET /orders, POST /orders, GET /orders/{orderId} must have a token" in part.message
    assert (shop.writes(), shop.routes()) == (before, routes)


DRIFT: dict[str, dict[str, str]] = {
    "a parameter that is gone": {**SENT, "overwrite:header.x-caller-subject": "$context.authorizer.claims.sub"},
    "another value": {**OF_TOKENS, "overwrite:header.x-caller-scopes": "shop:admin"},
    "a value from the caller": {**OF_TOKENS, "overwrite:header.x-caller-subject": "$request.header.x-me"},
    "one more": {**OF_TOKENS, "append:header.X-Caller-Scopes": "shop:admin"},
    "removed": REMOVED,
}


@pytest.mark.parametrize("case", DRIFT)
async def test_what_somebody_changed_comes_back(shop: Shop, case: str) -> None:
    order = both(shop)
    await order.drive()
    target = shop.routes()["POST /orders"]["Target"].removeprefix("integrations/")
    drifted = {**DRIFT[case], "append:header.team": "shop"}
    shop.client.update_integration(ApiId=shop.api()["ApiId"], IntegrationId=target, RequestParameters=drifted)
    before = len(shop.writes())
    assert (await order.drive()).state is State.READY
    assert shop.writes()[before:] == ["UpdateIntegration"]
    assert forwarded(shop) == {"GET /orders": REMOVED, "POST /orders": {**OF_TOKENS, "append:header.team": "shop"}}
    await order.assert_quiet()


async def test_a_route_changes_its_callers_in_one_call(shop: Shop) -> None:
    order = shop.service("order", auth=JWT, allowAnonymous=True)
    order.text = document(("GET /orders",), get=PUBLIC)
    await order.drive()
    order.text = document(("GET /orders",))
    assert await drive(order) == ["CreateIntegration", "UpdateRoute", "DeleteIntegration"]
    assert forwarded(shop) == {"GET /orders": OF_TOKENS}
    order.text = document(("GET /orders",), get=PUBLIC)
    assert await drive(order) == ["CreateIntegration", "UpdateRoute", "DeleteIntegration"]
    assert forwarded(shop) == {"GET /orders": REMOVED}


# Operations of both routes, and the writes after an upgrade.
UPGRADES: dict[str, tuple[dict[str, Any], list[str]]] = {
    "only tokens": ({}, ["UpdateIntegration"]),
    "only public routes": ({"get": PUBLIC, "post": PUBLIC}, ["UpdateIntegration"]),
    "both": ({"get": PUBLIC}, ["UpdateIntegration", "CreateIntegration", "UpdateRoute"]),
}


@pytest.mark.parametrize("case", UPGRADES)
async def test_the_integration_of_an_earlier_version_stays_in_use(shop: Shop, case: str) -> None:
    operations, expected = UPGRADES[case]
    order = shop.service("order", auth=JWT, allowAnonymous=True)
    order.text = document(("GET /orders", "POST /orders"), **operations)
    await order.drive()
    kept, routes, wanted = forget(shop, order), shop.routes(), forwarded(shop)
    wanted = {key: REMOVED if operations.get(key[:-8].lower()) else OF_TOKENS for key in routes}
    assert await drive(order) == expected
    assert forwarded(shop) == wanted
    assert kept in {each["IntegrationId"] for each in shop.integrations()}
    assert {key: route["RouteId"] for key, route in shop.routes().items()} == {
        key: route["RouteId"] for key, route in routes.items()
    }


async def test_an_upgrade_that_closes_public_routes_opens_none(shop: Shop) -> None:
    order = shop.service("order")
    await order.drive(ORDERS)
    forget(shop, order)
    order.spec["auth"] = None
    before = shop.routes()
    part = await order.step()
    assert (part.state, part.reason) == (State.STALLED, Reason.AUTH_MISSING)
    assert shop.routes() == before
    shop.gateway["auth"] = JWT
    writes = await drive(order)
    assert writes == ["CreateAuthorizer", "CreateIntegration", *["UpdateRoute"] * 3, "DeleteIntegration"]
    assert set(forwarded(shop)) == set(ORDERS)
    assert all(parameters == OF_TOKENS for parameters in forwarded(shop).values())


async def test_a_new_integration_that_no_list_shows_yet_is_not_created_twice(shop: Shop) -> None:
    shop.strict.absent_looks = 3
    order = both(shop)
    assert (await order.drive()).state is State.READY
    assert shop.writes().count("CreateIntegration") == 2
    assert len(shop.integrations()) == 2
