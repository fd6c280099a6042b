"""The index of held reservations by expiry time.

DynamoDB limits the writes to one partition key of an index, and a throttled index throttles its table. So each held
reservation is in one of sixteen shards, ``HELD#0`` to ``HELD#15``, by its id.
"""

from collections.abc import AsyncIterator
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from product_service.dynamodb import DynamoDB
from product_service.items import HELD_SHARDS
from product_service.model import ReservationStatus

if TYPE_CHECKING:
    from mypy_boto3_dynamodb.type_defs import QueryInputTypeDef

INDEX = "byExpiry"
PAGE = 50
SHARDS = (*HELD_SHARDS, str(ReservationStatus.HELD))
"""The last is the only shard of earlier versions, whose pods still write to it during a rollout."""


class DynamoExpiryIndex:
    def __init__(self, dynamodb: DynamoDB, table: str) -> None:
        self._dynamodb = dynamodb
        self._table = table

    async def expired(self, shard: str) -> AsyncIterator[str]:
        query: QueryInputTypeDef = {
            "TableName": self._table,
            "IndexName": INDEX,
            "KeyConditionExpression": "held = :held AND expiresAt <= :now",
            "ExpressionAttributeValues": {
                ":held": {"S": shard},
                ":now": {"N": str(int(datetime.now(UTC).timestamp()))},
            },
            "Limit": PAGE,
        }
        while True:
            answer = await self._dynamodb.call(lambda: self._dynamodb.repeating.query(**query))
            for item in answer["Items"]:
                yield item["reservationId"]["S"]
            last = answer.get("LastEvaluatedKey")
            if not last:
                return
            # Each page continues after the last one: what cannot be released does not hide what comes later.
            query["ExclusiveStartKey"] = last
