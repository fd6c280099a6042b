"""Reconciles and deletes the DynamoDB tables of a Microservice."""

from dataclasses import replace

from ...api.stores import Table
from ...facts import Part, Reason, State
from ...resources import Removal
from ...resync_cache import Outcome
from ..engine.arns import TABLE_NAME_LIMIT, name_in_arn
from ..engine.call import Lane
from ..engine.decide import Desired
from ..engine.reconcile import reconcile, remove
from ..engine.report import with_source
from ..engine.scope import AwsScope
from .adapter import DynamoDBTable
from .desired import DesiredTable, table_fields, unsaid
from .fields import TABLE
from .restore import TableRestore
from .restore_source import describe_source

_NOT_THERE = (
    Reason.TABLE_CREATING,
    Reason.TABLE_DELETING,
    Reason.TABLE_LOST,
    Reason.TABLE_UNUSABLE,
    Reason.CONFLICT,
    Reason.ADOPTION_REFUSED,
    Reason.RESTORE_REFUSED,
)


def table_name(scope: AwsScope, name: str) -> str:
    """Return the name in AWS of the table declared as `name`, if the operator creates it."""
    return scope.owner.name(name, TABLE_NAME_LIMIT)


def usable(part: Part) -> bool:
    """Whether the service can use the table; a running or refused change does not prevent it."""
    return bool(part.id) and part.reason not in _NOT_THERE


async def reconcile_table(scope: AwsScope, desired: DesiredTable) -> Part:
    """Take at most one step towards a declared table, and report its state.

    Never raises an OperatorError: the part contains the error. `Part.id` is the ARN once the table has been in use;
    pass it back in `known`.
    """
    known_id = desired.id_of(TABLE.name)
    # a created or adopted table stays the table, whatever the spec says later
    name = name_in_arn(known_id) or _declared_name(scope, desired.spec)
    own_name = table_name(scope, desired.spec.name)
    restore = TableRestore(scope, desired, own_name) if desired.spec.restore_from else None
    table = DynamoDBTable(scope, name, adopting=bool(desired.spec.adopt) and not known_id, restore=restore)
    outcome = await scope.resync_cache.reconcile(
        (scope.owner.identity.uid, TABLE.name, name),
        # to declare a default changes nothing for a created table, but is a declaration for an adopted one
        (scope.place, replace(desired, known={}), unsaid(desired.spec)),
        lambda: _reconcile(scope, table, desired),
        use_cached=bool(known_id),  # what the status does not know is read, and reported with its id
    )
    return outcome.part


async def _reconcile(scope: AwsScope, table: DynamoDBTable, desired: DesiredTable) -> Outcome:
    state = _desired(scope, desired)
    outcome = _with_kept_key(table, desired, await reconcile(scope, table, TABLE, state))
    return replace(outcome, part=with_source(outcome.part, TABLE, state.source))


def _with_kept_key(table: DynamoDBTable, desired: DesiredTable, outcome: Outcome) -> Outcome:
    """Say that an up-to-date table keeps another key than the Environment's."""
    if outcome.part.state is not State.READY or table.key == desired.key or desired.spec.adopt:
        return outcome
    if not desired.key:
        message = f"it keeps its KMS key {table.key}, because aws.tableKeyARN of the Environment names no other"
        return replace(outcome, part=replace(outcome.part, message=message))
    message = f"KMS key {desired.key} will encrypt it as soon as the service's role may use that key"
    return replace(outcome, part=replace(outcome.part, message=message))


async def delete_table(scope: AwsScope, removal: Removal) -> Part:
    """Take at most one step to delete or retain a table of a deleted Microservice, or one removed from the spec.

    It is done when the part's state is Ready (gone) or Retained (it stays, also if it was never ours).
    """
    name = name_in_arn(removal.id_of(TABLE.name)) or removal.adopts or table_name(scope, removal.name)
    scope.resync_cache.invalidate((scope.owner.identity.uid, TABLE.name, name))
    adopted = name != table_name(scope, removal.name)  # also if `adopt` was removed from the spec before the deletion
    removal = replace(removal, adopts=name if adopted else "")
    return await remove(scope, DynamoDBTable(scope, name, Lane.DELETE), TABLE, removal)


def _declared_name(scope: AwsScope, spec: Table) -> str:
    return spec.adopt.name if spec.adopt else table_name(scope, spec.name)


def _desired(scope: AwsScope, desired: DesiredTable) -> Desired:
    spec = desired.spec
    return Desired(
        name=spec.name,
        owner=scope.owner,
        fields=table_fields(scope.owner, desired, _declared_name(scope, spec)),
        known_id=desired.id_of(TABLE.name),
        recreate=desired.recreate,
        at=desired.field,
        adoption=desired.adoption,
        unsaid=unsaid(spec),
        source=describe_source(spec.restore_from) if spec.restore_from else "",
    )
