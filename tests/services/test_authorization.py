"""Who may call which route: a table of every route of user, product and order, and of the Lambda function.

Each cell is the status of a request. `admin` and `catalogue` have the scopes shop:admin and shop:catalogue, so each is
also the caller with the wrong scope for the routes of the other.
"""

import asyncio
import json
from collections.abc import AsyncIterator, Callable, Iterator
from dataclasses import dataclass
from typing import Any
from uuid import uuid4

import httpx2
import pytest
import yaml

from tests.services.aws_resources import ENVIRONMENT, clusterless_operator
from tests.services.intake_function import LINE, Function, body_of, ordered
from tests.services.issuer import Issuer, running_issuer
from tests.services.processes import CREDENTIALS, REGION, SERVICES, Service, migrate
from tests.services.shop_postgres import ShopPostgres

pytestmark = pytest.mark.timeout(600)  # it starts four processes, on a machine that may be busy

CALLERS = ("no token", "expired", "other issuer", "other audience", "no user", "other", "owner", "admin", "catalogue")
BAD = ("401",) * 4
OPEN = ("200",) * 9
# Columns as in CALLERS. "no user" is a valid token whose subject has no user yet. "empty" is a list without items.
ROUTES: dict[tuple[str, str], tuple[str, ...]] = {
    ("user", "GET /users"): (*BAD, "403", "403", "403", "200", "403"),
    ("user", "POST /users"): (*BAD, "201", "409", "409", "409", "409"),
    ("user", "GET /users/me"): (*BAD, "404", "200", "200", "200", "200"),
    ("user", "GET /users/{userId}"): (*BAD, "404", "404", "200", "200", "404"),
    ("user", "PATCH /users/{userId}"): (*BAD, "404", "404", "200", "200", "404"),
    ("product", "GET /products"): OPEN,
    ("product", "GET /products/{productId}"): OPEN,
    ("product", "POST /products"): (*BAD, "403", "403", "403", "403", "201"),
    ("product", "POST /products/{productId}/inventory"): (*BAD, "403", "403", "403", "403", "200"),
    ("order", "POST /orders"): (*BAD, "422", "422", "201", "422", "422"),
    ("order", "GET /orders"): (*BAD, "empty", "empty", "200", "200", "empty"),
    ("order", "GET /orders/{orderId}"): (*BAD, "404", "404", "200", "200", "404"),
    ("order", "POST /orders/{orderId}/cancel"): (*BAD, "404", "404", "200", "200", "404"),
}
# For other services. The network policy restricts the callers, so the services ask for no token.
INTERNAL: dict[tuple[str, str], tuple[str, ...]] = {
    ("product", "POST /reservations"): ("422",) * 9,
    ("product", "GET /reservations/{reservationId}"): ("404",) * 9,
    ("product", "POST /reservations/{reservationId}/confirm"): ("404",) * 9,
    ("product", "POST /reservations/{reservationId}/return"): ("404",) * 9,
    ("product", "DELETE /reservations/{reservationId}"): ("204",) * 9,
}
UNPUBLISHED = ("404",) * 9
# API Gateway's authorizer rejects invalid tokens, so they never reach the function.
FUNCTION = ("401", "-", "-", "-", "403", "403", "200", "403", "403")


@dataclass(frozen=True)
class Setup:
    """The services and the gateway, and what belongs to the owner."""

    urls: dict[str, str]
    gateway: str
    issuer: Issuer
    bodies: dict[str, Any]
    parts: dict[str, str]
    """the values of path parameters"""

    async def outcome(self, http: httpx2.AsyncClient, url: str, route: str, caller: str) -> str:
        method, path = route.split(" ")
        query = {"customerId": self.parts["userId"]} if route == "GET /orders" else {}
        body = self.bodies.get(route)
        target = url + path.format(**self.parts)
        answer = await http.request(method, target, params=query, json=body, headers=bearer(self.issuer, caller))
        is_empty = answer.status_code == 200 and answer.json().get("items") == [] and "nextCursor" in answer.json()
        return "empty" if is_empty else str(answer.status_code)


def bearer(issuer: Issuer, caller: str) -> dict[str, str]:
    """Return the Authorization header of a caller of the table."""
    scopes = {"admin": "shop:admin", "catalogue": "shop:catalogue"}
    subject = f"new-{uuid4()}" if caller == "no user" else caller
    claims: dict[str, Any] = {"sub": subject, "aud": "shop", "scope": scopes.get(caller, "openid")}
    owners = {**claims, "sub": "owner", "scope": "shop:admin shop:catalogue"}
    match caller:
        case "no token":
            return {}
        case "expired":
            token = issuer.token(**owners, exp=-1)
        case "other issuer":
            token = issuer.signed_by_another(**owners, iss="https://other.example")
        case "other audience":
            token = issuer.token(**{**owners, "aud": "another-shop"})
        case _:
            token = issuer.token(**claims)
    return {"authorization": f"Bearer {token}"}


@pytest.fixture(scope="module")
async def issuer(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Issuer]:
    async with running_issuer(tmp_path_factory.mktemp("issuer")) as running:
        yield running


@pytest.fixture(scope="module")
async def services(
    issuer: Issuer,
    postgres: ShopPostgres,
    product_tables: dict[str, str],
    aws: dict[str, str],
    start: Callable[..., Service],
) -> dict[str, Service]:
    """The services find the issuer's keys by discovery, as in AWS."""
    trust = {"API_AUTH_ISSUER": issuer.url, "API_AUTH_AUDIENCES": "admin-ui, shop", "API_AUTH_JWKS_URL": ""}
    trust |= {"SSL_CERT_FILE": str(issuer.authority), "UPSTREAM_TIMEOUT_SECONDS": "30", "REQUEST_TIMEOUT_SECONDS": "60"}
    urls: dict[str, str] = {}
    started: dict[str, Service] = {}
    for name in ("user", "product", "order"):
        variables = {**trust, **urls}
        if name == "product":
            variables |= {**product_tables, **aws, "DYNAMODB_TIMEOUT_SECONDS": "30"}
        else:
            database = postgres.create(f"authorized_{name}s")
            migrate(name, database.owner_url)
            variables["DATABASE_URL"] = database.url
        started[name] = start(name, **variables)
        urls[f"{name.upper()}_URL"] = started[name].url
    for service in started.values():
        await asyncio.to_thread(service.wait_until, "/ready")
    return started


@pytest.fixture(scope="module")
async def gateway(
    issuer: Issuer, services: dict[str, Service], aws: dict[str, str], start: Callable[..., Service]
) -> Service:
    """The routes are those that the operator creates from the services' own manifests and documents."""
    with clusterless_operator(aws["AWS_ENDPOINT_URL"]) as operator:
        for name in services:
            api = yaml.safe_load((SERVICES / name / "microservice.yaml").read_text())["spec"]["api"]
            api["auth"] = {"jwt": {"issuer": issuer.url, "audiences": ["shop"]}}
            document = (SERVICES / name / "openapi.yaml").read_text()
            await operator.provide(name, {"image": f"{name}:1", "api": api}, document)
    addresses = {f"{name}.shop": service.url for name, service in services.items()}
    variables = {"ENVIRONMENT": ENVIRONMENT, "SSL_CERT_FILE": str(issuer.authority), **CREDENTIALS}
    variables |= {"AWS_REGION": REGION, "AWS_ENDPOINT_URL": aws["AWS_ENDPOINT_URL"]}
    started = start("gateway", **variables, SERVICE_ADDRESSES=json.dumps(addresses))
    return await asyncio.to_thread(started.wait_until, "/ready")


@pytest.fixture
async def client() -> AsyncIterator[httpx2.AsyncClient]:
    """A client without a token of its own."""
    async with httpx2.AsyncClient(timeout=60, trust_env=False) as anonymous:
        yield anonymous


@pytest.fixture
async def setup(client: httpx2.AsyncClient, issuer: Issuer, services: dict[str, Service], gateway: Service) -> Setup:
    """All callers have a user, except "no user". The owner has an order."""
    urls = {name: service.url for name, service in services.items()}
    for caller in CALLERS[5:]:
        person = {"email": f"{uuid4()}@example.com", "name": caller}
        created = await client.post(f"{urls['user']}/users", json=person, headers=bearer(issuer, caller))
        assert created.status_code in {201, 409}
    owner = (await client.get(f"{urls['user']}/users/me", headers=bearer(issuer, "owner"))).json()["userId"]
    lamp = {"name": "Lamp", "price": "12.50", "inventory": 1000}
    product = await client.post(f"{urls['product']}/products", json=lamp, headers=bearer(issuer, "catalogue"))
    product_id = product.json()["productId"]
    wanted = {"customerId": owner, "items": [{"productId": product_id, "quantity": 1}]}
    order = await client.post(f"{urls['order']}/orders", json=wanted, headers=bearer(issuer, "owner"))
    parts = {"userId": owner, "productId": product_id, "orderId": order.json()["orderId"]}
    bodies = {
        "POST /users": {"email": "{new}", "name": "New"},
        "PATCH /users/{userId}": {"name": "Changed"},
        "POST /products": lamp,
        "POST /products/{productId}/inventory": {"quantity": 1},
        "POST /orders": wanted,
        "POST /reservations": {},
    }
    return Setup(urls, gateway.url, issuer, bodies, {**parts, "reservationId": str(uuid4())})


@pytest.mark.parametrize("entry", ["directly", "through the gateway"])
async def test_a_route_answers_each_caller_as_the_table_says(
    entry: str, client: httpx2.AsyncClient, setup: Setup
) -> None:
    internal = INTERNAL if entry == "directly" else dict.fromkeys(INTERNAL, UNPUBLISHED)
    seen: dict[tuple[str, str], tuple[str, ...]] = {}
    for service, route in (*ROUTES, *internal):
        url = setup.urls[service] if entry == "directly" else setup.gateway
        outcomes = []
        for caller in CALLERS:
            setup.bodies["POST /users"] = {"email": f"{uuid4()}@example.com", "name": "New"}
            outcomes.append(await setup.outcome(client, url, route, caller))
        seen[service, route] = tuple(outcomes)
    show(entry, seen)
    assert seen == ROUTES | internal


def test_the_lambda_function_answers_each_caller_as_the_table_says(function: Function) -> None:
    seen = []
    for caller, expected in zip(CALLERS, FUNCTION, strict=True):
        event = ordered(customerId="owner", items=[LINE | {"unitPrice": "5.00"}], total="5.00")
        claims = {"sub": caller.replace(" ", "-"), "aud": "shop"}
        event["requestContext"] = {} if caller == "no token" else {"authorizer": {"jwt": {"claims": claims}}}
        seen.append("-" if expected == "-" else str(function(event)["statusCode"]))
    show("Lambda", {("order-intake", "POST /orders"): tuple(seen)})
    assert tuple(seen) == FUNCTION
    assert len(function.published()) == 1


def test_the_lambda_function_shows_no_caller_the_order_of_another(function: Function) -> None:
    event = ordered()
    mine = body_of(event)
    assert function(event)["statusCode"] == 200
    foreign = ordered(id=mine["id"], customerId="mallory")
    foreign["requestContext"] = {"authorizer": {"jwt": {"claims": {"sub": "mallory"}}}}
    answer = function(foreign)
    assert (answer["statusCode"], "customer-7" in answer["body"]) == (409, False)
    assert function.stored(mine["id"])["customerId"] == {"S": "customer-7"}
    assert len(function.published()) == 1


async def test_idempotency_keys_of_two_callers_are_independent(client: httpx2.AsyncClient, setup: Setup) -> None:
    key, orders = {"Idempotency-Key": "the-same"}, f"{setup.urls['order']}/orders"
    placed = []
    for caller in ("owner", "other"):
        who = bearer(setup.issuer, caller)
        user = (await client.get(f"{setup.urls['user']}/users/me", headers=who)).json()["userId"]
        wanted = setup.bodies["POST /orders"] | {"customerId": user}
        answers = [await client.post(orders, json=wanted, headers={**who, **key}) for _ in range(2)]
        assert [answer.status_code for answer in answers] == [201, 201]
        assert answers[0].json() == answers[1].json()
        placed.append(answers[0].json())
    assert placed[0]["orderId"] != placed[1]["orderId"]
    assert placed[0]["customerId"] != placed[1]["customerId"]


async def test_no_header_identifies_a_caller(client: httpx2.AsyncClient, setup: Setup) -> None:
    forged = {"x-caller-subject": "owner", "x-caller-scopes": "shop:admin", "x-forwarded-user": "owner"}
    own = f"{setup.urls['user']}/users/{setup.parts['userId']}"
    assert (await client.get(own, headers=forged)).status_code == 401
    assert (await client.get(own, headers={**forged, **bearer(setup.issuer, "other")})).status_code == 404


async def test_without_the_issuers_keys_a_service_answers_503(
    client: httpx2.AsyncClient, setup: Setup, postgres: ShopPostgres, start: Callable[..., Service]
) -> None:
    database = postgres.create("keyless_users")
    migrate("user", database.owner_url)
    keyless = start("user", DATABASE_URL=database.url, API_AUTH_JWKS_URL="http://127.0.0.1:9/keys")
    await asyncio.to_thread(keyless.wait_until, "/ready")
    answer = await client.get(f"{keyless.url}/users/me", headers=bearer(setup.issuer, "owner"))
    keyless.stop()
    assert (answer.status_code, answer.json()["type"]) == (503, "urn:shop:problem:unavailable")
    assert int(answer.headers["retry-after"]) > 0


def operations() -> Iterator[tuple[str, str, dict[str, Any], bool]]:
    """Yield service, route, operation, and whether the gateway publishes it."""
    for service in ("user", "product", "order"):
        published = yaml.safe_load((SERVICES / service / "openapi.yaml").read_text())["paths"]
        whole = SERVICES / service / "openapi.internal.yaml"
        paths = yaml.safe_load(whole.read_text())["paths"] if whole.exists() else published
        for path, item in paths.items():
            for method, operation in item.items():
                yield service, f"{method.upper()} {path}", operation, method in published.get(path, {})


def test_the_table_has_every_route_of_the_openapi_documents() -> None:
    found = list(operations())
    assert {(service, route) for service, route, _, published in found if published} == set(ROUTES)
    assert {(service, route) for service, route, _, published in found if not published} == set(INTERNAL)


def test_the_openapi_documents_require_what_the_table_shows() -> None:
    for service, route, operation, _ in operations():
        row = (ROUTES | INTERNAL)[service, route]
        if operation["security"] == []:
            assert "401" not in row, route
            continue
        (requirement,) = operation["security"]
        scopes = {scope for required in requirement.values() for scope in required}
        assert list(requirement) == ["oidc"]
        assert row[:4] == BAD, route
        allowed = {scope for scope, status in (("shop:admin", row[7]), ("shop:catalogue", row[8])) if status != "403"}
        assert scopes == (allowed if row[4] == "403" else set()), route


def show(entry: str, rows: dict[tuple[str, str], tuple[str, ...]]) -> None:
    """Print the table in Markdown."""
    print(f"\n| {entry} | {' | '.join(CALLERS)} |\n|---|{'---|' * len(CALLERS)}")
    for (service, route), statuses in rows.items():
        print(f"| {service}: {route} | {' | '.join(statuses)} |")
