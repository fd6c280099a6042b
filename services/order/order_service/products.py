"""The product service, as far as an order needs it. Reservations carry the order's id as their key."""

from decimal import Decimal
from http import HTTPStatus
from uuid import UUID

import httpx2
from pydantic import BaseModel, Field, ValidationError

from order_service.ports import OutOfStock, ProductUnknown
from order_service.upstream import Upstream


class _Priced(BaseModel):
    price: Decimal = Field(ge=0, max_digits=10, decimal_places=2)


class _Refusal(BaseModel):
    type: str


class HttpProducts:
    def __init__(self, upstream: Upstream) -> None:
        self._upstream = upstream

    async def price(self, product_id: UUID) -> Decimal:
        response = await self._upstream.send("GET", f"/products/{product_id}")
        if response.status_code == HTTPStatus.NOT_FOUND:
            raise ProductUnknown(product_id)
        try:
            return _Priced.model_validate_json(response.content).price
        except ValidationError:
            raise self._upstream.unexpected(response) from None

    async def reserve(self, product_id: UUID, quantity: int, order_id: UUID) -> None:
        response = await self._upstream.send(
            "POST",
            f"/products/{product_id}/inventory",
            json={"quantity": quantity},
            headers={"Idempotency-Key": str(order_id)},
        )
        if response.status_code == HTTPStatus.NOT_FOUND:
            raise ProductUnknown(product_id)
        if response.status_code == HTTPStatus.CONFLICT and _kind(response) == "urn:shop:problem:out-of-stock":
            raise OutOfStock(product_id)
        if response.status_code != HTTPStatus.OK:
            raise self._upstream.unexpected(response)

    async def put_back(self, product_id: UUID, order_id: UUID) -> None:
        response = await self._upstream.send("DELETE", f"/products/{product_id}/reservations/{order_id}")
        if response.status_code != HTTPStatus.NO_CONTENT:
            raise self._upstream.unexpected(response)

    async def settle(self, product_id: UUID, order_id: UUID) -> None:
        response = await self._upstream.send("POST", f"/products/{product_id}/reservations/{order_id}/settlement")
        if response.status_code != HTTPStatus.NO_CONTENT:
            raise self._upstream.unexpected(response)


def _kind(response: httpx2.Response) -> str:
    try:
        return _Refusal.model_validate_json(response.content).type
    except ValidationError:
        return ""
