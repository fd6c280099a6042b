"""Products in DynamoDB. Each method is one call; its preconditions are conditions of that call.

    SET inventory = inventory - :qty        if inventory >= :qty

This alone prevents overselling: DynamoDB applies the updates of an item one after the other.
"""

from collections.abc import Sequence
from typing import TYPE_CHECKING
from uuid import UUID, uuid4

from botocore.exceptions import ClientError

from product_service.dynamodb import CONDITION_FAILED, DynamoDB, code_of
from product_service.items import inventory, product, product_key
from product_service.model import NewProduct, Product
from product_service.ports import OutOfStock, ProductUnknown, StoreUnavailable

if TYPE_CHECKING:
    from mypy_boto3_dynamodb.type_defs import KeysAndAttributesTypeDef, ScanInputTypeDef, UpdateItemInputTypeDef

    from product_service.items import Item

_PROJECTION = "productId, #name, price, inventory"


class DynamoProducts:
    def __init__(self, dynamodb: DynamoDB, table: str, currency: str) -> None:
        self._dynamodb = dynamodb
        self._table = table
        self._currency = currency

    async def probe(self) -> None:
        """Read a key that does not exist: this needs only the permission to read items."""
        key = product_key("readiness")
        await self._dynamodb.probe(lambda: self._dynamodb.once.get_item(TableName=self._table, Key=key))

    async def add(self, new: NewProduct) -> Product:
        product_id = uuid4()
        item: Item = {
            **product_key(product_id),
            "name": {"S": new.name},
            "price": {"N": str(new.price)},
            "inventory": {"N": str(new.inventory)},
        }
        await self._dynamodb.call(lambda: self._dynamodb.repeating.put_item(TableName=self._table, Item=item))
        return product(item, self._currency)

    async def find(self, product_id: UUID) -> Product | None:
        answer = await self._dynamodb.call(
            lambda: self._dynamodb.repeating.get_item(
                TableName=self._table,
                Key=product_key(product_id),
                ConsistentRead=True,
                ProjectionExpression=_PROJECTION,
                ExpressionAttributeNames={"#name": "name"},
            )
        )
        item = answer.get("Item")
        return product(item, self._currency) if item else None

    async def find_all(self, product_ids: Sequence[UUID]) -> list[Product]:
        keys: KeysAndAttributesTypeDef = {
            "Keys": [product_key(product_id) for product_id in product_ids],
            "ProjectionExpression": _PROJECTION,
            "ExpressionAttributeNames": {"#name": "name"},
        }
        answer = await self._dynamodb.call(
            lambda: self._dynamodb.repeating.batch_get_item(RequestItems={self._table: keys})
        )
        if answer.get("UnprocessedKeys"):
            raise StoreUnavailable("DynamoDB left keys of a batch unread")
        return [product(item, self._currency) for item in answer["Responses"].get(self._table, [])]

    async def page(self, limit: int, after: UUID | None) -> tuple[list[Product], UUID | None]:
        scan: ScanInputTypeDef = {
            "TableName": self._table,
            "Limit": limit,
            "ProjectionExpression": _PROJECTION,
            "ExpressionAttributeNames": {"#name": "name"},
        }
        if after:
            scan["ExclusiveStartKey"] = product_key(after)
        answer = await self._dynamodb.call(lambda: self._dynamodb.repeating.scan(**scan))
        last = answer.get("LastEvaluatedKey")
        products = [product(item, self._currency) for item in answer["Items"]]
        return products, UUID(last["productId"]["S"]) if last else None

    async def take(self, product_id: UUID, quantity: int) -> int:
        # Sent without retries: after a lost answer, a retry could take the goods twice.
        update: UpdateItemInputTypeDef = {
            "TableName": self._table,
            "Key": product_key(product_id),
            "UpdateExpression": "SET inventory = inventory - :qty",
            "ConditionExpression": "inventory >= :qty",
            "ExpressionAttributeValues": {":qty": {"N": str(quantity)}},
            "ReturnValues": "UPDATED_NEW",
            "ReturnValuesOnConditionCheckFailure": "ALL_OLD",
        }
        try:
            answer = await self._dynamodb.call(lambda: self._dynamodb.once.update_item(**update))
        except ClientError as error:
            raise OutOfStock(product_id, inventory(_unchanged_item(error, product_id))) from None
        return inventory(answer["Attributes"])


def _unchanged_item(error: ClientError, product_id: UUID) -> "Item":
    """Return the item that failed the condition. Raises ``ProductUnknown`` without one."""
    if code_of(error) != CONDITION_FAILED:
        raise error
    item: Item | None = error.response.get("Item")  # type: ignore[assignment]  # not in the stub: ALL_OLD adds it
    if not item:
        raise ProductUnknown(product_id) from None
    return item
