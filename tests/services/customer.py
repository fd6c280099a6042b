"""The running shop and a customer: the requests that many tests start with."""

from dataclasses import dataclass
from typing import Any
from uuid import uuid4

import httpx2

from tests.services.processes import Service
from tests.services.shop_postgres import Database
from tests.services.tokens import bearer

_SUBJECTS: dict[str, str] = {}
"""User id → subject."""


def token_of(user_id: str) -> dict[str, str]:
    """Return the header of a request by this user, or by a stranger if nobody signed up under this id."""
    return bearer(_SUBJECTS.get(user_id, f"stranger-{user_id}"))


async def signed_up(http: httpx2.AsyncClient, users: str, **fields: str) -> httpx2.Response:
    """Create a user for a new subject."""
    subject = f"customer-{uuid4()}"
    user = {"email": f"{uuid4()}@example.com", "name": "Ada Lovelace", **fields}
    created = await http.post(users, json=user, headers=bearer(subject))
    if created.status_code == 201:
        _SUBJECTS[created.json()["userId"]] = subject
    return created


@dataclass(frozen=True)
class Shop:
    user: Service
    product: Service
    order: Service
    orders: Database


async def stocked(http: httpx2.AsyncClient, products: str, inventory: int, price: str = "12.50") -> str:
    """Create a product and return its id."""
    new = {"name": "Lamp", "price": price, "inventory": inventory}
    return str((await http.post(products, json=new)).json()["productId"])


async def stock(http: httpx2.AsyncClient, products: str, product_id: str) -> int:
    return int((await http.get(f"{products}/{product_id}")).json()["inventory"])


@dataclass(frozen=True)
class Customer:
    """Sends a customer's requests to the shop."""

    http: httpx2.AsyncClient
    shop: Shop

    async def sign_up(self) -> str:
        return str((await signed_up(self.http, f"{self.shop.user.url}/users")).json()["userId"])

    async def product(self, inventory: int, price: str = "12.50") -> str:
        return await stocked(self.http, f"{self.shop.product.url}/products", inventory, price)

    async def stock(self, product_id: str) -> int:
        return await stock(self.http, f"{self.shop.product.url}/products", product_id)

    async def order(self, customer_id: str, *items: tuple[str, int], **headers: str) -> httpx2.Response:
        body: dict[str, Any] = {
            "customerId": customer_id,
            "items": [{"productId": product_id, "quantity": quantity} for product_id, quantity in items],
        }
        return await self.http.post(
            f"{self.shop.order.url}/orders", json=body, headers={**token_of(customer_id), **headers}
        )
