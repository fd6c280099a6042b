"""The storefront's parts that need no browser: error pages, the basket's cookie, forms, and shared reads."""

import asyncio
from http import HTTPStatus
from typing import Any
from uuid import UUID, uuid4

import httpx2
import pytest
from fastapi import FastAPI
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, Response

from gateway_service.local_issuer import LocalIssuer
from gateway_service.route_refresh import RouteRefresher
from gateway_service.storefront import forms
from gateway_service.storefront.basket import COOKIE, MAX_PRODUCTS, Basket, read_basket
from gateway_service.storefront.error_pages import ErrorPages
from gateway_service.storefront.session import Sessions
from gateway_service.storefront.shared import Shared
from shop_shared import problems

BROWSER = {"accept": "text/html,application/xhtml+xml,*/*;q=0.8"}
A, B = UUID(int=1), UUID(int=2)


@pytest.fixture
def client() -> httpx2.AsyncClient:
    """Return a client of an application with the middleware, whose every route answers with an error or a page."""
    app = FastAPI(openapi_url=None)

    @app.api_route("/shop/problem/{status}", methods=["GET", "POST"])
    async def problem(status: int) -> Response:
        return problems.response(
            problems.Problem(HTTPStatus(status), "x", "for programs", headers={"Retry-After": "2"})
        )

    @app.get("/shop/gateway")
    async def gateway() -> Response:
        return JSONResponse({"message": "Not Found"}, 404)

    @app.get("/shop")
    async def home() -> Response:
        return HTMLResponse("<h1>Products</h1>")

    @app.get("/products")
    async def api() -> Response:
        return JSONResponse({"message": "Not Found"}, 404)

    sessions = Sessions(LocalIssuer("https://gateway.shop.test"), RouteRefresher(None, "local"))  # type: ignore[arg-type]  # reads no routes here
    app.add_middleware(ErrorPages, sessions=sessions)
    return httpx2.AsyncClient(transport=httpx2.ASGITransport(app), base_url="http://shop.test")


@pytest.mark.parametrize(
    ("status", "title"),
    [
        (404, "This page does not exist"),
        (405, "This page does not exist"),
        (408, "The request took too long to arrive"),
        (413, "That was too much to send"),
        (422, "This page does not exist"),
        (500, "The shop failed"),
        (502, "The shop failed"),
        (503, "The shop is busy"),
        (504, "The shop did not answer in time"),
    ],
)
async def test_a_browser_gets_errors_as_pages_with_a_way_back(
    status: int, title: str, client: httpx2.AsyncClient
) -> None:
    answer = await client.get(f"/shop/problem/{status}", headers=BROWSER)
    assert answer.status_code == status
    assert answer.headers["content-type"] == "text/html; charset=utf-8"
    assert f"<h1>{title}</h1>" in answer.text
    assert '<a class="button" href="/shop">Back to the products</a>' in answer.text
    assert "for programs" not in answer.text
    assert answer.headers["retry-after"] == "2"
    assert "default-src 'none'" in answer.headers["content-security-policy"]
    assert int(answer.headers["content-length"]) == len(answer.content)


async def test_the_gateways_own_errors_are_pages_too(client: httpx2.AsyncClient) -> None:
    answer = await client.get("/shop/gateway", headers=BROWSER)
    assert (answer.status_code, "This page does not exist" in answer.text) == (404, True)


async def test_programs_and_other_paths_keep_json(client: httpx2.AsyncClient) -> None:
    for path, headers in (("/shop/gateway", {"accept": "application/json"}), ("/products", BROWSER)):
        assert (await client.get(path, headers=headers)).json() == {"message": "Not Found"}


async def test_head_of_a_page_is_answered(client: httpx2.AsyncClient) -> None:
    assert (await client.head("/shop", headers=BROWSER)).status_code == 200


@pytest.mark.parametrize(
    ("origin", "status"),
    [
        (None, 503),
        ("http://shop.test", 503),
        ("https://evil.example", 403),
        ("null", 403),
        ("http://shop.test:81", 403),
    ],
)
async def test_forms_of_other_sites_are_refused(origin: str | None, status: int, client: httpx2.AsyncClient) -> None:
    headers = BROWSER | ({"origin": origin} if origin else {})
    assert (await client.post("/shop/problem/503", headers=headers)).status_code == status


def with_cookie(value: str) -> Request:
    return Request({"type": "http", "headers": [(b"cookie", f"{COOKIE}={value}".encode())]})


def test_a_basket_survives_its_cookie() -> None:
    basket = Basket({A: 3}).changed({B: 1_000})
    cookie = basket.store(Response()).headers["set-cookie"]
    assert read_basket(with_cookie(cookie.partition("=")[2].partition(";")[0])) == basket
    assert "Path=/shop" in cookie
    assert basket.changed({A: 0}) == Basket({B: 1_000})
    assert "Max-Age=0" in Basket().store(Response()).headers["set-cookie"]


def test_the_largest_basket_fits_a_cookie() -> None:
    basket = Basket().changed({uuid4(): 1_000 for _ in range(60)})
    assert len(basket.quantities) == MAX_PRODUCTS
    assert len(basket.store(Response()).headers["set-cookie"]) < 4_096


@pytest.mark.parametrize(
    "value", ["", "x", f"{A.hex}", f"{A.hex}.x", f"{A.hex}.1.2", f"{A.hex}.-1", f"{A.hex}.0", "_._"]
)
def test_a_cookie_that_another_program_wrote_is_an_empty_basket(value: str) -> None:
    assert read_basket(with_cookie(value)) == Basket()


def test_a_quantity_above_the_limit_is_the_limit() -> None:
    assert read_basket(with_cookie(f"{A.hex}.99999")) == Basket({A: forms.MAX_QUANTITY})


@pytest.mark.parametrize("value", ["x", "-1", "1001", "1.5"])
def test_an_invalid_quantity_is_refused(value: str) -> None:
    with pytest.raises(forms.InvalidQuantity):
        forms.entered({f"quantity-{A}": value})


@pytest.mark.parametrize(
    ("then", "page"),
    [
        ("/shop", "/shop"),
        ("/shop?cursor=x", "/shop?cursor=x"),
        ("/shop/sign-in", "/shop/sign-in"),
        ("https://evil.example", "/shop"),
        ("//evil.example", "/shop"),
        ("/shopping", "/shop"),
        ("", "/shop"),
    ],
)
def test_a_form_leads_to_no_other_site(then: str, page: str) -> None:
    assert forms.local_page({"then": then}) == page


def test_a_key_that_the_page_did_not_create_is_replaced() -> None:
    assert forms.order_key({"key": str(A)}) == str(A)
    assert UUID(forms.order_key({"key": "schlüssel ☃"}))


async def test_those_who_ask_together_share_one_read() -> None:
    reads: list[int] = []

    async def read() -> list[int]:
        reads.append(len(reads))
        await asyncio.sleep(0)
        return list(reads)

    shared = Shared(read, 600)
    assert await asyncio.gather(*(shared.value() for _ in range(5))) == [[0]] * 5
    assert reads == [0]


async def test_a_shared_error_is_raised_for_all_and_ends() -> None:
    outcomes: list[Any] = [ValueError("away"), "back"]

    async def read() -> Any:
        outcome = outcomes.pop(0)
        if isinstance(outcome, Exception):
            raise outcome
        return outcome

    shared = Shared(read, 0)
    with pytest.raises(ValueError, match="away"):
        await shared.value()
    assert await shared.value() == "back"
