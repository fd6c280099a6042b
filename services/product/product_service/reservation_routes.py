"""The HTTP API of reservations: for the shop's other services.

It needs no token. The gateway does not publish it, and the NetworkPolicy allows only the callers in ``access.from``.
"""

from http import HTTPStatus
from typing import Annotated
from uuid import UUID

import structlog
from fastapi import APIRouter, Depends, Request, Response

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
from shop_shared.callers import INTERNAL

log = structlog.get_logger(__name__)


routes = APIRouter(prefix="/reservations", tags=["reservations"])


async def _reservations(request: Request) -> Reservations:
    reservations: Reservations = request.app.state.reservations
    return reservations


ReservationStore = Annotated[Reservations, Depends(_reservations)]


@routes.post("", status_code=HTTPStatus.CREATED, responses=problems.openapi_responses(404, 409), openapi_extra=INTERNAL)
async def create_reservation(wanted: NewReservation, reservations: ReservationStore, response: Response) -> Reservation:
    """Reserve all items or none. A repeated request gets the same answer."""
    try:
        reservation = await reservations.hold(wanted)
    except ProductUnknown as error:
        raise _item_problem(HTTPStatus.NOT_FOUND, "product-not-found", wanted, error) from None
    except OutOfStock as error:
        raise _item_problem(HTTPStatus.CONFLICT, "out-of-stock", wanted, error) from None
    except KeyReused:
        detail = "reservationId: this id is already used for other items or another order; use a new id"
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
async def read_reservation(reservationId: UUID, reservations: ReservationStore) -> Reservation:  # noqa: N803  (as in the article)
    reservation = await reservations.find(reservationId)
    if reservation is None:
        raise _unknown(reservationId)
    return reservation


@routes.post("/{reservationId}/confirm", responses=problems.openapi_responses(404, 409), openapi_extra=INTERNAL)
async def confirm_reservation(reservationId: UUID, reservations: ReservationStore) -> Reservation:  # noqa: N803
    """Mark the goods as sold. They do not return to the stock."""
    try:
        return await reservations.confirm(reservationId)
    except ReservationUnknown:
        raise _unknown(reservationId) from None
    except ReservationReleased:
        raise _released() from None


@routes.post(
    "/{reservationId}/return",
    status_code=HTTPStatus.NO_CONTENT,
    responses=problems.openapi_responses(404),
    openapi_extra=INTERNAL,
)
async def return_goods(reservationId: UUID, reservations: ReservationStore) -> None:  # noqa: N803
    """Return the goods of a cancelled order to the stock, once, also if they are sold."""
    try:
        await reservations.take_back(reservationId)
    except ReservationUnknown:
        raise _unknown(reservationId) from None


@routes.delete(
    "/{reservationId}",
    status_code=HTTPStatus.NO_CONTENT,
    responses=problems.openapi_responses(409),
    openapi_extra=INTERNAL,
)
async def release_reservation(reservationId: UUID, reservations: ReservationStore) -> None:  # noqa: N803
    """Return the goods to the stock. An id without a reservation can reserve nothing afterwards."""
    try:
        await reservations.release(reservationId)
    except ReservationConfirmed:
        detail = "the reservation is confirmed and its goods are sold; only an unconfirmed reservation can be released"
        raise problems.conflict("reservation-confirmed", detail) from None


def _item_problem(
    status: HTTPStatus, kind: str, wanted: NewReservation, error: ProductUnknown | OutOfStock
) -> problems.Problem:
    """Return a problem whose field holds the item's index, so that programs can identify the item."""
    index = next(i for i, item in enumerate(wanted.items) if item.product_id == error.product_id)
    if isinstance(error, OutOfStock):
        where = f"items.{index}.quantity"
        message = f"{error.left} left; request fewer or retry later"
    else:
        where = f"items.{index}.productId"
        message = "this product does not exist; remove it from the reservation"
    return problems.Problem(status, kind, f"{where}: {message}", ({"field": where, "message": message},))


def _released() -> problems.Problem:
    detail = "this reservation was released or has expired; reserve again with a new reservationId"
    return problems.conflict("reservation-released", detail)


def _unknown(reservation_id: UUID) -> problems.Problem:
    return problems.not_found("reservation-not-found", f"there is no reservation {reservation_id}")
