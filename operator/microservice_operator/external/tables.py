"""DynamoDB tables, as an entry of the registry."""

from functools import partial

from ..aws.dynamodb.desired import WantedTable
from ..aws.dynamodb.tables import LeavingTable, delete_table, named, reconcile_table, usable
from ..facts import Part, Section
from .adoption import TABLES, adoption, deletion, with_adoption
from .clients import ExternalClients
from .resource_type import DeleteInput, ReconcileInput, ResourceType, StepResult

TABLE = "Table"


def tables(external: ExternalClients) -> ResourceType:
    """Tables through these doors."""
    return ResourceType(
        kind=TABLE,
        layer="AWS",
        section=Section.TABLES,
        declarations=lambda spec, _environment: with_adoption(spec, "tables", "name"),
        reconcile=partial(_step, external),
        delete=partial(_leave, external),
        usable=usable,
    )


async def _step(external: ExternalClients, wanted: ReconcileInput) -> StepResult:
    scope = external.scope(wanted.service.identity, wanted.environment, "tables")
    at, spec = next((at, t) for at, t in enumerate(wanted.service.spec.tables or []) if t.name == wanted.name)
    table = WantedTable(
        spec=spec,
        tags=wanted.tags,
        known_id=wanted.known.get(TABLE, ""),
        recreate=wanted.recreate,
        field=f"spec.tables[{at}]",
        adoption=adoption(wanted, TABLES, spec.adopt.name) if spec.adopt else None,
    )
    return StepResult((await reconcile_table(scope, table),))


async def _leave(external: ExternalClients, target: DeleteInput) -> tuple[Part, ...]:
    scope = external.scope(target.owner, target.environment, "tables")
    policy = "Delete" if target.policy == "Delete" else "Retain"
    known_id = target.known.get(TABLE, "")
    may_go = deletion(target, TABLES, named(known_id) or target.adopts)
    leaving = LeavingTable(target.name, policy, known_id, target.adopts, may_go)  # type: ignore[arg-type]
    return (await delete_table(scope, leaving),)
