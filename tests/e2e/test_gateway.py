"""The gateway in a pod reads the operator's routes from the emulator and forwards requests to the services."""

from uuid import uuid4

import httpx2

from .place import Place
from .stage import Stage


def test_the_gateway_leads_to_the_services_and_asks_for_tokens(stage: Stage, shop: Place) -> None:
    shop.await_ready("gateway")
    with httpx2.Client(base_url=stage.urls["gateway"], timeout=30, trust_env=False) as http:
        shop.eventually("the gateway serves the routes of all services", lambda: http.get("/orders").status_code == 401)
        assert http.get("/products").status_code == 200
        assert http.get("/nothing").json() == {"message": "Not Found"}
        token = http.post("/.well-known/token", data={"subject": uuid4().hex}).json()["access_token"]
        bearer = {"authorization": f"Bearer {token}"}
        person = {"name": "Ada", "email": f"{uuid4().hex}@example.com"}
        assert http.get("/users", headers=bearer).status_code == 403
        made = http.post("/users", json=person, headers=bearer)
        assert made.status_code == 201
        found = http.get("/orders", params={"customerId": made.json()["userId"]}, headers=bearer)
        assert (found.status_code, found.json()["items"]) == (200, [])


def test_the_storefront_shows_the_shop_and_what_is_behind_it(stage: Stage) -> None:
    with httpx2.Client(base_url=stage.urls["gateway"], timeout=30, trust_env=False) as http:
        assert "<h1>Products</h1>" in http.get("/shop").text
        behind = http.get("/shop/status").text
        assert "order-events" in behind
        assert "does not show its metrics" not in behind
