"""Converts products and reservations to DynamoDB items and back."""

from datetime import UTC, datetime
from decimal import Decimal
from typing import TYPE_CHECKING
from uuid import UUID

from product_service.model import Product, Reservation, ReservationStatus, ReservedItem

if TYPE_CHECKING:
    from mypy_boto3_dynamodb.type_defs import AttributeValueTypeDef

    Item = dict[str, AttributeValueTypeDef]


def product_key(product_id: UUID | str) -> "Item":
    return {"productId": {"S": str(product_id)}}


def reservation_key(reservation_id: UUID) -> "Item":
    return {"reservationId": {"S": str(reservation_id)}}


HELD_SHARDS = tuple(f"{ReservationStatus.HELD}#{number}" for number in range(16))
"""The partition keys of the expiry index: see ``expiry_index``."""


def held_shard(reservation_id: UUID) -> str:
    return HELD_SHARDS[reservation_id.int % len(HELD_SHARDS)]


def product(item: "Item", currency: str) -> Product:
    return Product(
        product_id=UUID(item["productId"]["S"]),
        name=item["name"]["S"],
        price=Decimal(item["price"]["N"]),
        currency=currency,
        inventory=inventory(item),
    )


def inventory(item: "Item") -> int:
    return int(item["inventory"]["N"])


def reserved_item(of: Reservation) -> "Item":
    item: Item = {
        **reservation_key(of.reservation_id),
        "status": {"S": of.status},
        "expiresAt": {"N": str(int(of.expires_at.timestamp()))},
        "items": {
            "L": [
                {
                    "M": {
                        **product_key(line.product_id),
                        "quantity": {"N": str(line.quantity)},
                        "unitPrice": {"N": str(line.unit_price)},
                    }
                }
                for line in of.items
            ]
        },
    }
    if of.order_id:
        item["orderId"] = {"S": str(of.order_id)}
    if of.status is ReservationStatus.HELD:
        item["held"] = {"S": held_shard(of.reservation_id)}
    return item


def reservation(item: "Item") -> Reservation:
    lines = [line["M"] for line in item["items"]["L"]]
    return Reservation(
        reservation_id=UUID(item["reservationId"]["S"]),
        order_id=UUID(item["orderId"]["S"]) if "orderId" in item else None,
        status=ReservationStatus(item["status"]["S"]),
        items=[
            ReservedItem(
                product_id=UUID(line["productId"]["S"]),
                quantity=int(line["quantity"]["N"]),
                unit_price=Decimal(line["unitPrice"]["N"]),
            )
            for line in lines
        ],
        expires_at=datetime.fromtimestamp(int(item["expiresAt"]["N"]), UTC),
    )
