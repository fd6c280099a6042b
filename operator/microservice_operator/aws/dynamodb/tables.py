"""Reconciles and deletes the DynamoDB tables of a Microservice."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Literal

from ...api.stores import Table
from ...facts import Part, Reason
from ..engine.arns import TABLE_NAME_LIMIT, name_in_arn
from ..engine.call import Lane
from ..engine.decide import Adoption, Deletion, Desired
from ..engine.reconcile import reconcile, remove
from ..engine.scope import AwsScope
from .adapter import DynamoDBTable
from .desired import WantedTable, table_fields, unsaid
from .fields import TABLE

_NOT_THERE = (
    Reason.TABLE_CREATING,
    Reason.TABLE_DELETING,
    Reason.TABLE_LOST,
    Reason.TABLE_UNUSABLE,
    Reason.CONFLICT,
    Reason.ADOPTION_REFUSED,
)


@dataclass(frozen=True)
class LeavingTable:
    """A table that is no longer declared.

    If its declaration was removed, its policy is unknown, so it is retained. `adopts` is the name in AWS of an adopted
    table, `deletion` the consent to delete such a table.
    """

    name: str
    policy: Literal["Retain", "Delete"] = "Retain"
    known_id: str = ""
    adopts: str = ""
    deletion: Adoption | None = None


def table_name(scope: AwsScope, name: str) -> str:
    """Return the name in AWS of the table declared as `name`, if the operator creates it."""
    return scope.owner.name(name, TABLE_NAME_LIMIT)


def usable(part: Part) -> bool:
    """Whether the service can use the table; a running or refused change does not prevent it."""
    return bool(part.id) and part.reason not in _NOT_THERE


async def reconcile_table(scope: AwsScope, wanted: WantedTable) -> Part:
    """Take at most one step towards a declared table, and report its state.

    Never raises an OperatorError: the part contains the error. `Part.id` is the ARN once the table has been in use;
    pass it back as `known_id`.
    """
    # a created or adopted table stays the table, whatever the spec says later
    name = name_in_arn(wanted.known_id) or _declared_name(scope, wanted.spec)
    key = (scope.owner.identity.uid, TABLE.name, name)
    # to declare a default changes nothing for a created table, but is a declaration for an adopted one
    cached = scope.resync_cache.get(key, (wanted, unsaid(wanted.spec)))
    if cached:
        return cached
    fields = table_fields(scope.owner, wanted, _declared_name(scope, wanted.spec))
    adopting = bool(wanted.spec.adopt) and not wanted.known_id
    outcome = await reconcile(
        scope, DynamoDBTable(scope, name, adopting=adopting), TABLE, _desired(scope, wanted, fields)
    )
    if outcome.up_to_date:
        # the next reconciliation knows its ARN, which is not a reason to read it again
        cached_state = (replace(wanted, known_id=outcome.part.id), unsaid(wanted.spec))
        scope.resync_cache.put(key, cached_state, outcome.part)
    return scope.resync_cache.with_warning(key, outcome.part)


async def delete_table(scope: AwsScope, leaving: LeavingTable) -> Part:
    """Take at most one step to delete or retain a table of a deleted Microservice, or one removed from the spec.

    It is done when the part's state is Ready (gone) or Retained (it stays, also if it was never ours).
    """
    name = name_in_arn(leaving.known_id) or leaving.adopts or table_name(scope, leaving.name)
    scope.resync_cache.invalidate((scope.owner.identity.uid, TABLE.name, name))
    adopted = name != table_name(scope, leaving.name)  # also if `adopt` was removed from the spec before the deletion
    desired = Deletion(
        leaving.name, scope.owner, leaving.policy, leaving.known_id, adopted=adopted, deletion=leaving.deletion
    )
    return await remove(scope, DynamoDBTable(scope, name, Lane.DELETE), TABLE, desired)


def _declared_name(scope: AwsScope, spec: Table) -> str:
    return spec.adopt.name if spec.adopt else table_name(scope, spec.name)


def _desired(scope: AwsScope, wanted: WantedTable, fields: Mapping[str, Any]) -> Desired:
    spec = wanted.spec
    desired = Desired(spec.name, scope.owner, fields, wanted.known_id, wanted.recreate, wanted.field, wanted.adoption)
    return replace(desired, unsaid=unsaid(spec))
