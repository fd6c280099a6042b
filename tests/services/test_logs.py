"""Logs: JSON, one trace through all services, and no personal data."""

import asyncio
from uuid import uuid4

import httpx2

from tests.services.customer import Customer, Shop
from tests.services.processes import Service
from tests.services.shop_postgres import ShopPostgres
from tests.services.tokens import bearer

TRACE = "4bf92f3577b34da6a3ce929d0e0e4736"


async def test_one_order_is_one_trace_through_three_services(customer: Customer, shop: Shop) -> None:
    trace_id = uuid4().hex
    buyer, lamp = await customer.sign_up(), await customer.product(inventory=1)

    await customer.order(buyer, (lamp, 1), traceparent=f"00-{trace_id}-00f067aa0ba902b7-01")

    def routes(service: Service) -> set[str]:
        return {line["route"] for line in service.log_lines if line["traceId"] == trace_id and "route" in line}

    # A service writes the line of a request after its answer.
    while not (routes(shop.order) and routes(shop.user)):  # noqa: ASYNC110  (another process)
        await asyncio.sleep(0.1)
    assert routes(shop.order) == {"/orders"}
    assert routes(shop.user) == {"/users/me"}
    # The order's event confirms it shortly after the response, and carries the trace.
    while "/reservations/{reservationId}/confirm" not in routes(shop.product):  # noqa: ASYNC110  (another process)
        await asyncio.sleep(0.1)
    assert routes(shop.product) == {"/reservations", "/reservations/{reservationId}/confirm"}


async def test_a_log_line_has_event_time_service_and_trace(customer: Customer, shop: Shop) -> None:
    lamp = await customer.product(inventory=1, price="7.00")
    order = (await customer.order(await customer.sign_up(), (lamp, 1))).json()

    (line,) = [line for line in shop.order.log_lines if line.get("orderId") == order["orderId"]]
    assert line["message"] == "order created"
    assert line["customerId"] == order["customerId"]
    assert line["total"] == "7.00"
    assert line["level"] == "info"
    assert (line["service"], line["version"], line["environment"]) == ("order", "1.2.3", "local")
    assert line["timestamp"].endswith("Z")
    assert len(line["traceId"]) == 32
    assert len(line["spanId"]) == 16


async def test_a_malformed_trace_is_replaced(http: httpx2.AsyncClient, shop: Shop) -> None:
    answer = await http.get(f"{shop.user.url}/users/{uuid4()}", headers={"traceparent": f"00-{TRACE}-zzz-01"})
    assert answer.json()["traceId"] != TRACE
    assert len(answer.json()["traceId"]) == 32


async def test_no_log_names_a_person(http: httpx2.AsyncClient, shop: Shop, postgres: ShopPostgres) -> None:
    """Includes an unexpected error, whose message quotes the row, and a path that contains an address."""
    marker = f"canary{uuid4().hex}"
    person, own = {"email": f"{marker}@example.com", "name": marker}, bearer(f"subject-{marker}")
    postgres.run("ALTER TABLE users ADD CONSTRAINT broken CHECK (name NOT LIKE 'canary%') NOT VALID", "users")
    failed = await http.post(f"{shop.user.url}/users", json=person, headers=own)
    postgres.run("ALTER TABLE users DROP CONSTRAINT broken", "users")
    created = await http.post(f"{shop.user.url}/users", json=person, headers=own)
    taken = await http.post(f"{shop.user.url}/users", json=person, headers=own)
    await http.post(f"{shop.user.url}/users", json=person | {"email": marker}, headers=own)
    await http.get(f"{shop.user.url}/users/{marker}@example.com")
    await http.get(f"{shop.user.url}/users?cursor={marker}@example.com")
    changed = await http.patch(shop.user.url + created.headers["location"], json={"name": f"{marker} changed"})
    listed = await http.get(f"{shop.user.url}/users", params={"limit": "100"})

    assert [failed.status_code, created.status_code, taken.status_code] == [500, 201, 409]
    assert changed.json()["name"] == f"{marker} changed"
    assert listed.status_code == 200
    (line,) = [
        line for line in shop.user.log_lines if line["traceId"] == failed.json()["traceId"] and "exception" in line
    ]
    assert line["exception"][0]["type"] == "sqlalchemy.exc.IntegrityError"
    assert line["exception"][1]["sqlstate"] == "23514"
    for service in (shop.user, shop.product, shop.order):
        assert marker not in service.log


async def test_probes_and_scrapes_do_not_fill_the_log(http: httpx2.AsyncClient, shop: Shop) -> None:
    for path in ("/health", "/ready", "/metrics"):
        assert (await http.get(shop.user.url + path)).status_code == 200
    assert not {line["route"] for line in shop.user.log_lines if "route" in line} & {"/health", "/ready", "/metrics"}
