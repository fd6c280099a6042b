"""The HTTP side of reservations: for the other services of the shop, not for the gateway."""

from http import HTTPStatus
from uuid import UUID

import structlog
from fastapi import APIRouter, Response

from product_service.model import NewReservation, Reservation
from product_service.ports import (
    KeyReused,
    OutOfStock,
    ProductUnknown,
    ReservationConfirmed,
    ReservationReleased,
    Reservations,
    ReservationUnknown,
)
from shop_shared import problems
from shop_shared.application import INTERNAL

log = structlog.get_logger(__name__)


def reservation_router(reservations: Reservations) -> APIRouter:
    routes = APIRouter(prefix="/reservations", tags=["reservations"])

    @routes.post(
        "", status_code=HTTPStatus.CREATED, responses=problems.openapi_responses(404, 409), openapi_extra=INTERNAL
    )
    async def create_reservation(wanted: NewReservation, response: Response) -> Reservation:
        """Take all of it out of the stock, or nothing. The same request again gets the same answer."""
        try:
            reservation = await reservations.hold(wanted)
        except ProductUnknown as refusal:
            raise _at_product(HTTPStatus.NOT_FOUND, "product-not-found", wanted, refusal) from None
        except OutOfStock as refusal:
            raise _at_product(HTTPStatus.CONFLICT, "out-of-stock", wanted, refusal) from None
        except KeyReused:
            detail = "reservationId: it stands for other items or another order; use a new id for a new reservation"
            raise problems.conflict("key-reused", detail) from None
        except ReservationReleased:
            raise _released() from None
        log.info(
            "goods reserved",
            reservationId=str(reservation.reservation_id),
            orderId=str(reservation.order_id) if reservation.order_id else None,
        )
        response.headers["Location"] = f"/reservations/{reservation.reservation_id}"
        return reservation

    @routes.get("/{reservationId}", responses=problems.openapi_responses(404), openapi_extra=INTERNAL)
    async def read_reservation(reservationId: UUID) -> Reservation:  # noqa: N803  (the article's style of parameters)
        reservation = await reservations.find(reservationId)
        if reservation is None:
            raise _unknown(reservationId)
        return reservation

    @routes.post("/{reservationId}/confirm", responses=problems.openapi_responses(404, 409), openapi_extra=INTERNAL)
    async def confirm_reservation(reservationId: UUID) -> Reservation:  # noqa: N803
        """The goods are sold and do not come back."""
        try:
            return await reservations.confirm(reservationId)
        except ReservationUnknown:
            raise _unknown(reservationId) from None
        except ReservationReleased:
            raise _released() from None

    @routes.delete(
        "/{reservationId}",
        status_code=HTTPStatus.NO_CONTENT,
        responses=problems.openapi_responses(409),
        openapi_extra=INTERNAL,
    )
    async def release_reservation(reservationId: UUID) -> None:  # noqa: N803
        """Put the goods back into the stock. Also for an id not seen yet: it can then reserve nothing any more."""
        try:
            await reservations.release(reservationId)
        except ReservationConfirmed:
            detail = "the goods of this reservation are sold; a sale is not undone by releasing its reservation"
            raise problems.conflict("reservation-confirmed", detail) from None

    return routes


def _at_product(
    status: HTTPStatus, kind: str, wanted: NewReservation, refusal: ProductUnknown | OutOfStock
) -> problems.Problem:
    """Names the item by its place, so that a caller can say which one without reading the sentence."""
    place = next(i for i, item in enumerate(wanted.items) if item.product_id == refusal.product_id)
    if isinstance(refusal, OutOfStock):
        where = f"items.{place}.quantity"
        message = f"{refusal.left} left; ask for fewer or come back later"
    else:
        where = f"items.{place}.productId"
        message = "there is no such product; leave it out"
    return problems.Problem(status, kind, f"{where}: {message}", ({"field": where, "message": message},))


def _released() -> problems.Problem:
    detail = "this reservation was released or its time is over; reserve again under a new reservationId"
    return problems.conflict("reservation-released", detail)


def _unknown(reservation_id: UUID) -> problems.Problem:
    return problems.not_found("reservation-not-found", f"there is no reservation {reservation_id}")
