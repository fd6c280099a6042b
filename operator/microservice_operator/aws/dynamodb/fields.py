"""PURE: the field rules of a DynamoDB table."""

from dataclasses import dataclass

from ...facts import Reason
from ..engine.fields import Field, Reasons, ResourceSchema
from ..engine.rules import (
    Change,
    Outcome,
    Refusal,
    at_least,
    disable_before_change,
    each_within,
    exact,
    immutable,
    one_at_a_time,
    recreate_to_change,
    within,
)
from ..engine.tags import owned_tags
from .scaling import scaled, tracked, unscaled

_KEEP = "restore it, or declare a table with another name and move the items"


@dataclass(frozen=True)
class DesiredKey:
    """The KMS key for a new table, "" if DynamoDB chooses, and whether an existing table may change to it."""

    arn: str
    applies: bool


def encrypted_with(desired: DesiredKey, observed: str) -> Outcome:
    """Rule: change to the desired key; without one the current key stays, because none is worse than any."""
    if not desired.arn or not desired.applies or desired.arn == observed:
        return None
    return Change(desired.arn, f"encrypting it with KMS key {desired.arn}")


def usable_key(desired: str | None, observed: str | None) -> Outcome:
    """Rule: refuse a customer managed key that is not the Environment's, because roles may use only that one."""
    if observed in (None, desired):
        return None
    return Refusal(
        f"is encrypted with {observed}, a customer managed key that the service's role cannot use; encrypt the table "
        "with an AWS key or with aws.tableKeyARN of the Environment (UpdateTable, SSESpecification), then adopt it"
    )


TABLE = ResourceSchema(
    name="Table",
    fields=(
        Field("name", immutable(_KEEP), "adopt.name"),
        Field("keys", immutable(_KEEP), "partitionKey"),
        Field("local_indexes", immutable(_KEEP), "localSecondaryIndexes"),
        Field("tags", owned_tags, "tags"),
        Field("key", usable_key, "adopt.name", once=True),
        Field("encryption", encrypted_with, "the Environment's aws.tableKeyARN"),
        Field("unscaled", unscaled, "capacity"),
        Field("billing", exact, "billingMode", step="throughput"),
        Field("capacity", within, "capacity", step="throughput"),
        Field("index_capacity", each_within, "capacity", step="throughput"),
        Field(
            "global_indexes",
            one_at_a_time("restore it, or add an index with another name and remove this one"),
            "globalSecondaryIndexes",
        ),
        Field("scaling", scaled, "capacity"),
        Field("tracking", tracked, "capacity"),
        Field("stream", recreate_to_change, "streamViewType"),
        Field("time_to_live", disable_before_change, "timeToLiveAttribute"),
        Field("recovery", exact, "pointInTimeRecovery", unsaid=at_least),
        Field("protection", exact, "deletionProtection", unsaid=at_least),
    ),
    reasons=Reasons(
        creating=Reason.TABLE_CREATING,
        created=Reason.TABLE_CREATED,
        updating=Reason.TABLE_UPDATING,
        deleting=Reason.TABLE_DELETING,
        deleted=Reason.TABLE_DELETED,
        retained=Reason.TABLE_RETAINED,
        lost=Reason.TABLE_LOST,
        unusable=Reason.TABLE_UNUSABLE,
    ),
)
