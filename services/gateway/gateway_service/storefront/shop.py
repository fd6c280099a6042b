"""The services' API, as a client of the gateway sees it: the same routes, the same tokens, the same refusals."""

import json
from dataclasses import dataclass
from http import HTTPStatus
from typing import TypeVar
from urllib.parse import urlencode
from uuid import UUID

from pydantic import BaseModel, ValidationError

from gateway_service.answers import Answer, Call
from gateway_service.entry import Entry
from gateway_service.storefront.model import Customer, Order, Page, Product, Refused
from shop_shared import tracing

PAGE = 24
WORDS = {
    "urn:shop:problem:out-of-stock": "not enough is left of something that you chose; take fewer, or come back later",
    "urn:shop:problem:email-taken": "somebody has signed up with this e-mail address; use another one",
    "urn:shop:problem:unavailable": "a part of the shop does not answer; nothing was lost, try again in a moment",
}
"""What customers are told in place of what clients of the API are told."""
Parsed = TypeVar("Parsed", bound=BaseModel)


@dataclass
class Refusal(Exception):
    """A service, or the gateway before it, did not do what was asked."""

    status: int
    words: str
    detail: str = ""
    """as clients of the API are told"""
    trace_id: str | None = None
    later: bool = False
    """the same request may succeed a little later, and may have been carried out already"""


class Shop:
    """The shop for whoever a token is for."""

    def __init__(self, entry: Entry, token: str) -> None:
        """Every call goes through `entry`."""
        self._entry = entry
        self._token = token

    async def products(self, cursor: str = "", limit: int = PAGE) -> Page[Product]:
        """A page of the catalogue."""
        return _parsed(await self._call("GET", "/products", {"limit": str(limit), "cursor": cursor}), Page[Product])

    async def product(self, product_id: UUID) -> Product:
        """One product."""
        return _parsed(await self._call("GET", f"/products/{product_id}"), Product)

    async def add_product(self, name: str, price: str, inventory: int) -> Product:
        """A new product."""
        body = {"name": name, "price": price, "inventory": inventory}
        return _parsed(await self._call("POST", "/products", body=body), Product)

    async def customers(self) -> Page[Customer]:
        """Some customers."""
        return _parsed(await self._call("GET", "/users", {"limit": "12"}), Page[Customer])

    async def customer(self, user_id: UUID) -> Customer:
        """One customer."""
        return _parsed(await self._call("GET", f"/users/{user_id}"), Customer)

    async def sign_up(self, name: str, email: str) -> Customer:
        """A new customer."""
        return _parsed(await self._call("POST", "/users", body={"name": name, "email": email}), Customer)

    async def place(self, customer_id: str, quantities: dict[UUID, int], key: str) -> Order:
        """A new order; the same key never makes a second one."""
        items = [{"productId": str(product), "quantity": quantity} for product, quantity in quantities.items()]
        body = {"customerId": customer_id, "items": items}
        return _parsed(await self._call("POST", "/orders", body=body, key=key), Order)

    async def order(self, order_id: UUID, customer_id: str) -> Order:
        """One order of a customer."""
        order = _parsed(await self._call("GET", f"/orders/{order_id}"), Order)
        if str(order.customer_id) != customer_id:
            raise Refusal(HTTPStatus.NOT_FOUND, "this is none of your orders")
        return order

    async def orders(self, customer_id: str, cursor: str = "") -> Page[Order]:
        """A page of a customer's orders."""
        query = {"customerId": customer_id, "limit": "20", "cursor": cursor}
        return _parsed(await self._call("GET", "/orders", query), Page[Order])

    async def _call(
        self, method: str, path: str, query: dict[str, str] | None = None, *, body: object = None, key: str = ""
    ) -> Answer:
        headers = {
            "accept": "application/json",
            "authorization": f"Bearer {self._token}",
            "host": "storefront",
            **({"content-type": "application/json"} if body is not None else {}),
            **({"idempotency-key": key} if key else {}),
        }
        given = urlencode({name: value for name, value in (query or {}).items() if value})
        content = json.dumps(body).encode() if body is not None else b""
        return await self._entry.answer(Call(method, path, given, tuple(headers.items()), content, "127.0.0.1"))


def _parsed(answer: Answer, kind: type[Parsed]) -> Parsed:
    if answer.status >= HTTPStatus.BAD_REQUEST:
        raise _refusal(answer)
    try:
        return kind.model_validate_json(answer.body)
    except ValidationError:
        detail = "the service answered in a way that this page does not understand"
        raise Refusal(HTTPStatus.BAD_GATEWAY, detail, trace_id=tracing.trace_id(), later=True) from None


def _refusal(answer: Answer) -> Refusal:
    try:
        said = Refused.model_validate_json(answer.body)
    except ValidationError:
        said = Refused()
    detail = said.detail or said.message or HTTPStatus(answer.status).phrase
    later = answer.status >= HTTPStatus.INTERNAL_SERVER_ERROR or any(
        name == "retry-after" for name, _ in answer.headers
    )
    words = WORDS.get(said.type, detail)
    return Refusal(answer.status, words, detail, said.trace_id or tracing.trace_id(), later)
