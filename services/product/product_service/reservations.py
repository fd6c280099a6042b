"""Reservations in DynamoDB: several products, reserved for one buyer for a limited time, all or none.

A reservation is a separate item. Each status change is one transaction or one update, with the previous status as its
condition. So it happens once, however often and in whatever sequence requests arrive:

    hold      nothing → HELD       decreases the stock of every product
    confirm   HELD → CONFIRMED     keeps the stock: the goods are sold
    release   HELD → RELEASED      increases the stock again; also after expiry
              nothing → RELEASED   recorded, so that a delayed hold with this id takes nothing
    take back HELD or CONFIRMED → RELEASED, increases the stock again, because the order is cancelled

Only held reservations have the attribute ``held``, so ``expiry_index`` contains only them. Time to live deletes
a confirmed or released reservation after ``retention.ENDED_RESERVATIONS``.
"""

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING
from uuid import UUID

import stamina
import structlog
from botocore.exceptions import ClientError

from product_service.dynamodb import CANCELED, CONDITION_FAILED, DynamoDB, code_of
from product_service.items import product, product_key, reservation, reservation_key, reserved_item
from product_service.model import NewReservation, Product, Reservation, ReservationStatus, ReservedItem
from product_service.ports import (
    Contended,
    KeyReused,
    OutOfStock,
    ProductUnknown,
    ReservationConfirmed,
    ReservationReleased,
    ReservationUnknown,
    TransactionRejected,
)
from shop_shared import retention

if TYPE_CHECKING:
    from mypy_boto3_dynamodb.type_defs import AttributeValueTypeDef, TransactWriteItemTypeDef, UpdateTypeDef

    from product_service.items import Item

log = structlog.get_logger(__name__)

# DynamoDB cancels a transaction that conflicts with another one on the same item. The retries take a few seconds in
# total, and never longer than the deadline of the request.
_retry_conflicts = stamina.retry(
    on=Contended, attempts=12, timeout=None, wait_initial=0.02, wait_max=0.5, wait_jitter=0.1
)


class DynamoReservations:
    def __init__(self, dynamodb: DynamoDB, products_table: str, reservations_table: str, currency: str) -> None:
        self._dynamodb = dynamodb
        self._products = products_table
        self._reservations = reservations_table
        self._currency = currency

    @_retry_conflicts
    async def hold(self, wanted: NewReservation) -> Reservation:
        earlier, products = await self._read(wanted)
        if earlier is not None:
            return _repeated_answer(earlier, wanted)
        new = Reservation(
            reservation_id=wanted.reservation_id,
            order_id=wanted.order_id,
            status=ReservationStatus.HELD,
            items=_priced(wanted, products),
            expires_at=_now() + timedelta(seconds=wanted.ttl_seconds),
        )
        await self._transact(
            {
                "Put": {
                    "TableName": self._reservations,
                    "Item": reserved_item(new),
                    "ConditionExpression": "attribute_not_exists(reservationId)",
                }
            },
            # The condition includes the price, so the buyer gets the price at the time of the reservation.
            *self._stock(new, "inventory - :qty", "inventory >= :qty AND price = :price"),
        )
        return new

    async def find(self, reservation_id: UUID) -> Reservation | None:
        answer = await self._dynamodb.call(
            lambda: self._dynamodb.repeating.get_item(
                TableName=self._reservations, Key=reservation_key(reservation_id), ConsistentRead=True
            )
        )
        item = answer.get("Item")
        return reservation(item) if item else None

    @_retry_conflicts
    async def confirm(self, reservation_id: UUID) -> Reservation:
        """An expired reservation can be confirmed until it is released: its goods are still there."""
        try:
            answer = await self._dynamodb.call(
                lambda: self._dynamodb.repeating.update_item(
                    **self._end(reservation_id, ReservationStatus.CONFIRMED), ReturnValues="ALL_NEW"
                )
            )
        except ClientError as error:
            if code_of(error) != CONDITION_FAILED:
                raise
            found = await self.find(reservation_id)
            if found is None:
                raise ReservationUnknown from None
            if found.status is not ReservationStatus.CONFIRMED:
                raise ReservationReleased from None
            return found
        return reservation(answer["Attributes"])

    @_retry_conflicts
    async def release(self, reservation_id: UUID) -> None:
        found = await self.find(reservation_id)
        if found is None:
            await self._block_later_hold(reservation_id)
            return
        if found.status is ReservationStatus.CONFIRMED:
            raise ReservationConfirmed
        if found.status is ReservationStatus.HELD:
            await self._return_goods(found)

    @_retry_conflicts
    async def take_back(self, reservation_id: UUID) -> None:
        found = await self.find(reservation_id)
        if found is None:
            raise ReservationUnknown
        if found.status is not ReservationStatus.RELEASED:
            await self._return_goods(found)

    async def _return_goods(self, of: Reservation) -> None:
        """Set the status and increase the stock, in one transaction. Products that no longer exist are left out."""
        end: TransactWriteItemTypeDef = {
            "Update": self._end(of.reservation_id, ReservationStatus.RELEASED, previous=of.status)
        }
        lines = self._stock(of, "inventory + :qty", "attribute_exists(productId)")
        try:
            await self._transact(end, *lines)
        except TransactionRejected as rejected:
            reservation_changed, *gone = rejected.unmet
            if reservation_changed or not any(gone):
                raise
            missing = [str(item.product_id) for item, is_gone in zip(of.items, gone, strict=True) if is_gone]
            log.error(  # noqa: TRY400  (known cause)
                "products of a reservation no longer exist; their goods are not returned",
                reservationId=str(of.reservation_id),
                productIds=missing,
            )
            await self._transact(end, *(line for line, is_gone in zip(lines, gone, strict=True) if not is_gone))

    async def _read(self, wanted: NewReservation) -> tuple[Reservation | None, dict[UUID, Product]]:
        """Return the reservation, if it exists, and the products, with a single call."""
        answer = await self._dynamodb.call(
            lambda: self._dynamodb.repeating.batch_get_item(
                RequestItems={
                    self._reservations: {"Keys": [reservation_key(wanted.reservation_id)], "ConsistentRead": True},
                    self._products: {
                        "Keys": [product_key(item.product_id) for item in wanted.items],
                        "ConsistentRead": True,
                        "ProjectionExpression": "productId, #name, price, inventory",
                        "ExpressionAttributeNames": {"#name": "name"},
                    },
                }
            )
        )
        if answer.get("UnprocessedKeys"):
            raise Contended("DynamoDB left keys of a batch unread")
        earlier = answer["Responses"].get(self._reservations, [])
        products = [product(item, self._currency) for item in answer["Responses"].get(self._products, [])]
        return (reservation(earlier[0]) if earlier else None), {found.product_id: found for found in products}

    def _end(
        self, reservation_id: UUID, status: ReservationStatus, previous: ReservationStatus = ReservationStatus.HELD
    ) -> "UpdateTypeDef":
        return {
            "TableName": self._reservations,
            "Key": reservation_key(reservation_id),
            "UpdateExpression": "SET #status = :status, forgetAt = :forget REMOVE held",
            "ConditionExpression": "#status = :previous",
            "ExpressionAttributeNames": {"#status": "status"},
            "ExpressionAttributeValues": {
                ":status": {"S": status},
                ":previous": {"S": previous},
                ":forget": _forget_at(),
            },
        }

    def _stock(self, of: Reservation, change: str, condition: str) -> "list[TransactWriteItemTypeDef]":
        return [
            {
                "Update": {
                    "TableName": self._products,
                    "Key": product_key(item.product_id),
                    "UpdateExpression": f"SET inventory = {change}",
                    "ConditionExpression": condition,
                    "ExpressionAttributeValues": {
                        ":qty": {"N": str(item.quantity)},
                        **({":price": {"N": str(item.unit_price)}} if ":price" in condition else {}),
                    },
                }
            }
            for item in of.items
        ]

    async def _transact(self, *writes: "TransactWriteItemTypeDef") -> None:
        """Write all or nothing. botocore retries with one idempotency token, so a lost answer has no second effect."""
        try:
            await self._dynamodb.call(lambda: self._dynamodb.repeating.transact_write_items(TransactItems=writes))
        except ClientError as error:
            if code_of(error) != CANCELED:
                raise
            raise TransactionRejected(_unmet(error, len(writes))) from error

    async def _block_later_hold(self, reservation_id: UUID) -> None:
        released = Reservation(
            reservation_id=reservation_id, status=ReservationStatus.RELEASED, items=[], expires_at=_now()
        )
        item: Item = {**reserved_item(released), "forgetAt": _forget_at()}
        try:
            await self._dynamodb.call(
                lambda: self._dynamodb.repeating.put_item(
                    TableName=self._reservations, Item=item, ConditionExpression="attribute_not_exists(reservationId)"
                )
            )
        except ClientError as error:
            if code_of(error) != CONDITION_FAILED:
                raise
            raise Contended("the reservation was created at the same time") from None


def _unmet(canceled: ClientError, writes: int) -> list[bool]:
    """Return, for each write of a canceled transaction, whether its condition was not met."""
    reasons: list[dict[str, str]] = canceled.response.get("CancellationReasons", [])  # type: ignore[assignment]  # not in the stub
    unmet = [reason.get("Code") == "ConditionalCheckFailed" for reason in reasons]
    return unmet if len(unmet) == writes else [False] * writes


def _repeated_answer(earlier: Reservation, wanted: NewReservation) -> Reservation:
    """Return the earlier reservation, if the repeated request is the same."""
    if earlier.status is ReservationStatus.RELEASED:
        raise ReservationReleased
    requested = {(item.product_id, item.quantity) for item in wanted.items}
    if requested != {(item.product_id, item.quantity) for item in earlier.items} or earlier.order_id != wanted.order_id:
        raise KeyReused
    return earlier


def _priced(wanted: NewReservation, products: dict[UUID, Product]) -> list[ReservedItem]:
    items = []
    for item in wanted.items:
        found = products.get(item.product_id)
        if found is None:
            raise ProductUnknown(item.product_id)
        if found.inventory < item.quantity:
            raise OutOfStock(item.product_id, found.inventory)
        items.append(ReservedItem(product_id=item.product_id, quantity=item.quantity, unit_price=found.price))
    return items


def _now() -> datetime:
    """Return the time in whole seconds, as items store it."""
    return datetime.now(UTC).replace(microsecond=0)


def _forget_at() -> "AttributeValueTypeDef":
    return {"N": str(int((_now() + retention.ENDED_RESERVATIONS).timestamp()))}
