"""Client of the services' API. It uses the same routes, tokens and errors as any client of the gateway."""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from http import HTTPStatus
from typing import TypeVar
from urllib.parse import urlencode
from uuid import UUID

from pydantic import BaseModel, ValidationError

from gateway_service.messages import ProxyRequest, ProxyResponse
from gateway_service.pipeline import Pipeline
from gateway_service.storefront.model import Customer, Order, Page, ProblemBody, Product
from shop_shared import tracing

PAGE_SIZE = 24
MESSAGES = {
    "urn:shop:problem:out-of-stock": "there is not enough stock of a product that you chose; choose fewer pieces",
    "urn:shop:problem:email-taken": "this e-mail address is already in use; use another one",
    "urn:shop:problem:unavailable": "a part of the shop does not answer; nothing was lost, try again in a moment",
}
"""Messages for customers, by problem type. For other types, customers see the detail of the problem."""
Parsed = TypeVar("Parsed", bound=BaseModel)


@dataclass
class ShopError(Exception):
    """A service or the gateway rejected or failed the request."""

    status: int
    message: str
    """for customers"""
    detail: str = ""
    """for developers: the detail of the problem"""
    trace_id: str | None = None
    retryable: bool = False
    """the same request may succeed later, and this one may have taken effect already"""


class ShopClient:
    """Calls the services with a visitor's token."""

    def __init__(self, pipeline: Pipeline, token: str, currency: str) -> None:
        """Every request goes through `pipeline`. Amounts without a currency are in `currency`."""
        self._pipeline = pipeline
        self._token = token
        self._currency = currency

    async def products(self, cursor: str = "", limit: int = PAGE_SIZE) -> Page[Product]:
        """Return a page of the catalogue."""
        return self._parse(await self._send("GET", "/products", {"limit": str(limit), "cursor": cursor}), Page[Product])

    async def products_with(self, product_ids: Iterable[UUID]) -> Page[Product]:
        """Return those of these products that exist."""
        return self._parse(
            await self._send("GET", "/products", {"id": [str(each) for each in product_ids]}), Page[Product]
        )

    async def add_product(self, name: str, price: str, inventory: int) -> Product:
        """Create a product."""
        body = {"name": name, "price": price, "inventory": inventory}
        return self._parse(await self._send("POST", "/products", body=body), Product)

    async def customers(self) -> Page[Customer]:
        """Return the first customers."""
        return self._parse(await self._send("GET", "/users", {"limit": "12"}), Page[Customer])

    async def customer(self, user_id: UUID) -> Customer:
        """Return a customer."""
        return self._parse(await self._send("GET", f"/users/{user_id}"), Customer)

    async def sign_up(self, name: str, email: str) -> Customer:
        """Create a customer."""
        return self._parse(await self._send("POST", "/users", body={"name": name, "email": email}), Customer)

    async def place(self, customer_id: str, quantities: dict[UUID, int], key: str) -> Order:
        """Place an order. The same idempotency key never places a second one."""
        items = [{"productId": str(product), "quantity": quantity} for product, quantity in quantities.items()]
        body = {"customerId": customer_id, "items": items}
        return self._parse(await self._send("POST", "/orders", body=body, key=key), Order)

    async def order(self, order_id: UUID) -> Order:
        """Return an order of this customer."""
        return self._parse(await self._send("GET", f"/orders/{order_id}"), Order)

    async def orders(self, customer_id: str, cursor: str = "") -> Page[Order]:
        """Return a page of a customer's orders."""
        query = {"customerId": customer_id, "limit": "20", "cursor": cursor}
        return self._parse(await self._send("GET", "/orders", query), Page[Order])

    async def _send(
        self,
        method: str,
        path: str,
        query: Mapping[str, str | list[str]] | None = None,
        *,
        body: object = None,
        key: str = "",
    ) -> ProxyResponse:
        headers = {
            "accept": "application/json",
            "authorization": f"Bearer {self._token}",
            "host": "storefront",
            **({"content-type": "application/json"} if body is not None else {}),
            **({"idempotency-key": key} if key else {}),
        }
        query_string = urlencode({name: value for name, value in (query or {}).items() if value}, doseq=True)
        content = json.dumps(body).encode() if body is not None else b""
        request = ProxyRequest(method, path, query_string, tuple(headers.items()), content, "127.0.0.1")
        return await self._pipeline.handle(request)

    def _parse(self, response: ProxyResponse, kind: type[Parsed]) -> Parsed:
        if response.status >= HTTPStatus.BAD_REQUEST:
            raise _to_error(response)
        try:
            return kind.model_validate_json(response.body, context={"currency": self._currency})
        except ValidationError:
            message = "the service sent an unexpected response"
            raise ShopError(HTTPStatus.BAD_GATEWAY, message, trace_id=tracing.trace_id(), retryable=True) from None


def _to_error(response: ProxyResponse) -> ShopError:
    try:
        problem = ProblemBody.model_validate_json(response.body)
    except ValidationError:
        problem = ProblemBody()
    detail = problem.detail or problem.message or HTTPStatus(response.status).phrase
    retryable = response.status >= HTTPStatus.INTERNAL_SERVER_ERROR or any(
        name == "retry-after" for name, _ in response.headers
    )
    message = MESSAGES.get(problem.type, detail)
    return ShopError(response.status, message, detail, problem.trace_id or tracing.trace_id(), retryable)
