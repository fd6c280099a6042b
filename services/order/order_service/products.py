"""HTTP client of the product service. A reservation has the id of its order."""

from collections.abc import Mapping, Sequence
from decimal import Decimal
from http import HTTPStatus
from uuid import UUID, uuid4

import httpx2
from pydantic import BaseModel, Field, ValidationError
from pydantic.alias_generators import to_camel

from order_service.model import WantedItem
from order_service.ports import OutOfStock, ProductUnknown, ReservationUnknown
from shop_shared.resilience.upstream import Upstream


class _Reserved(BaseModel, alias_generator=to_camel):
    product_id: UUID
    unit_price: Decimal = Field(ge=0, max_digits=10, decimal_places=2)


class _Reservation(BaseModel):
    items: list[_Reserved]


class _FieldError(BaseModel):
    field: str = Field(pattern=r"^items\.\d+\.")


class _Problem(BaseModel):
    type: str
    errors: list[_FieldError] = []


class HttpProducts:
    def __init__(self, upstream: Upstream, reservation_seconds: int) -> None:
        self._upstream = upstream
        self._reservation_seconds = reservation_seconds

    async def reserve(self, order_id: UUID, items: Sequence[WantedItem]) -> Mapping[UUID, Decimal]:
        wanted = {
            "reservationId": str(order_id),
            "orderId": str(order_id),
            "items": [item.model_dump(mode="json", by_alias=True) for item in items],
            "ttlSeconds": self._reservation_seconds,
        }
        response = await self._upstream.send("POST", "/reservations", json=wanted)
        if response.status_code != HTTPStatus.CREATED:
            self._raise_for_problem(response, items)
        try:
            reserved = _Reservation.model_validate_json(response.content).items
        except ValidationError:
            raise self._upstream.unexpected_response(response) from None
        prices = {item.product_id: item.unit_price for item in reserved}
        if prices.keys() != {item.product_id for item in items}:
            raise self._upstream.unexpected_response(response)
        return prices

    async def confirm(self, order_id: UUID) -> bool:
        response = await self._upstream.send("POST", f"/reservations/{order_id}/confirm")
        if response.status_code == HTTPStatus.NOT_FOUND:
            raise ReservationUnknown
        if response.status_code == HTTPStatus.CONFLICT:
            return False
        if response.status_code != HTTPStatus.OK:
            raise self._upstream.unexpected_response(response)
        return True

    async def release(self, order_id: UUID) -> None:
        response = await self._upstream.send("DELETE", f"/reservations/{order_id}")
        if response.status_code != HTTPStatus.NO_CONTENT:
            raise self._upstream.unexpected_response(response)

    async def take_back(self, order_id: UUID) -> None:
        response = await self._upstream.send("POST", f"/reservations/{order_id}/return")
        if response.status_code == HTTPStatus.NOT_FOUND:
            raise ReservationUnknown
        if response.status_code != HTTPStatus.NO_CONTENT:
            raise self._upstream.unexpected_response(response)

    async def check(self) -> None:
        # The service's /health reads nothing, and its /ready succeeds without its database. This reads the table.
        response = await self._upstream.send("GET", f"/reservations/{uuid4()}")
        if response.status_code != HTTPStatus.NOT_FOUND:
            raise self._upstream.unexpected_response(response)

    def _raise_for_problem(self, response: httpx2.Response, items: Sequence[WantedItem]) -> None:
        """Raise the matching exception. The index in the problem's field identifies the product."""
        try:
            problem = _Problem.model_validate_json(response.content)
            product_id = items[int(problem.errors[0].field.split(".")[1])].product_id
        except (ValidationError, IndexError):
            raise self._upstream.unexpected_response(response) from None
        match response.status_code, problem.type:
            case HTTPStatus.NOT_FOUND, "urn:shop:problem:product-not-found":
                raise ProductUnknown(product_id)
            case HTTPStatus.CONFLICT, "urn:shop:problem:out-of-stock":
                raise OutOfStock(product_id)
        raise self._upstream.unexpected_response(response)
