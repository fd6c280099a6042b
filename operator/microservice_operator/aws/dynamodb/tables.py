"""DynamoDB tables of a Microservice: what the walk calls."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Literal

from ...api.stores import Table
from ...facts import Part, Reason
from ..engine.arns import TABLE_NAME_LIMIT
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
    """A table that is not wanted any more.

    When the declaration went with the table's block, nobody can say which policy it had: it is retained. `adopts` is
    what AWS calls it if it was taken over, `deletion` whether such a one may be deleted.
    """

    name: str
    policy: Literal["Retain", "Delete"] = "Retain"
    known_id: str = ""
    adopts: str = ""
    deletion: Adoption | None = None


def table_name(scope: AwsScope, name: str) -> str:
    """Name in AWS of the table declared as `name`, if it is made."""
    return scope.owner.name(name, TABLE_NAME_LIMIT)


def named(arn: str) -> str:
    """Name of a table in its ARN: `arn:aws:dynamodb:REGION:ACCOUNT:table/NAME`."""
    return arn.rpartition("/")[2]


def usable(part: Part) -> bool:
    """Can the service work with the table? A change under way, or refused, does not stop it."""
    return bool(part.id) and part.reason not in _NOT_THERE


async def reconcile_table(scope: AwsScope, wanted: WantedTable) -> Part:
    """Take at most one step towards a declared table, and say how it stands.

    Never raises an OperatorError: what went wrong is in the part. `Part.id` is the ARN once the table has been in
    use; give it back as `known_id`.
    """
    # what was made, or taken over, is the table from then on, whatever the spec says
    name = named(wanted.known_id) or _declared_name(scope, wanted.spec)
    key = (scope.owner.identity.uid, TABLE.name, name)
    # a default that is written out is the same table, and another word on one that was taken over
    cached = scope.resync_cache.get(key, (wanted, unsaid(wanted.spec)))
    if cached:
        return cached
    fields = table_fields(scope.owner, wanted, _declared_name(scope, wanted.spec))
    adopting = bool(wanted.spec.adopt) and not wanted.known_id
    outcome = await reconcile(
        scope, DynamoDBTable(scope, name, adopting=adopting), TABLE, _desired(scope, wanted, fields)
    )
    if outcome.up_to_date:
        # the next pass knows its ARN, which is no reason to look again
        cached_state = (replace(wanted, known_id=outcome.part.id), unsaid(wanted.spec))
        scope.resync_cache.put(key, cached_state, outcome.part)
    return scope.resync_cache.with_warning(key, outcome.part)


async def delete_table(scope: AwsScope, leaving: LeavingTable) -> Part:
    """Take at most one step towards letting a table go by its policy: a deleted CR's, or one that left the spec.

    It is over when the part's state is Ready (gone) or Retained (left in place, also when it was never ours).
    """
    name = named(leaving.known_id) or leaving.adopts or table_name(scope, leaving.name)
    scope.resync_cache.invalidate((scope.owner.identity.uid, TABLE.name, name))
    adopted = name != table_name(scope, leaving.name)  # also where adopt is taken out of the spec before the deletion
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
