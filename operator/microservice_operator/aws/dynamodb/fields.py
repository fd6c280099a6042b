"""PURE: the field rules of a DynamoDB table."""

from ...facts import Reason
from ..engine.fields import Field, Reasons, ResourceSchema
from ..engine.rules import (
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


def no_key(desired: None, observed: str | None) -> Outcome:  # noqa: ARG001 the signature of a rule
    """Rule: refuse a customer managed key, because the operator does not write its key policy."""
    if observed is None:
        return None
    return Refusal(
        f"is encrypted with {observed}, a customer managed key that the service's role cannot use; encrypt the table "
        "with an AWS key (UpdateTable, SSESpecification), then adopt it"
    )


TABLE = ResourceSchema(
    name="Table",
    fields=(
        Field("name", immutable(_KEEP), "adopt.name"),
        Field("keys", immutable(_KEEP), "partitionKey"),
        Field("local_indexes", immutable(_KEEP), "localSecondaryIndexes"),
        Field("tags", owned_tags, "tags"),
        Field("key", no_key, "adopt.name", once=True),
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
