"""DynamoDB tables as external resources."""

from collections.abc import Iterable, Mapping
from typing import Any

from ..api.parsing import Environment
from ..aws.dynamodb.desired import WantedTable
from ..aws.dynamodb.tables import LeavingTable, delete_table, reconcile_table, usable
from ..aws.engine.arns import name_in_arn
from ..facts import Part, Section
from .adoption import TABLES, adoption, deletion, with_adoption
from .resource import (
    Declaration,
    DeleteInput,
    ExternalResource,
    ReconcileInput,
    StepResult,
    declared_item,
    retain_or_delete,
)

TABLE = "Table"


class Tables(ExternalResource):
    """Tables of `spec.tables`."""

    kind = TABLE
    section = Section.TABLES

    def declarations(self, spec: Mapping[str, Any], _environment: Environment | None) -> Iterable[Declaration]:
        return with_adoption(spec, TABLES, "name")

    async def reconcile(self, wanted: ReconcileInput) -> StepResult:
        scope = self._clients.scope(wanted.service.identity, wanted.environment, "tables")
        index, spec = declared_item(wanted.service.spec.tables, wanted.name)
        table = WantedTable(
            spec=spec,
            tags=wanted.tags,
            known_id=wanted.known.get(TABLE, ""),
            recreate=wanted.recreate,
            field=f"spec.tables[{index}]",
            adoption=adoption(wanted, TABLES, spec.adopt.name) if spec.adopt else None,
        )
        return StepResult((await reconcile_table(scope, table),))

    async def delete(self, target: DeleteInput) -> tuple[Part, ...]:
        scope = self._clients.scope(target.owner, target.environment, "tables")
        known_id = target.known.get(TABLE, "")
        consent = deletion(target, TABLES, name_in_arn(known_id) or target.adopts)
        leaving = LeavingTable(target.name, retain_or_delete(target.policy), known_id, target.adopts, consent)
        return (await delete_table(scope, leaving),)

    def usable(self, part: Part) -> bool:
        """A table that is being changed, or whose change is refused, can still be used."""
        return usable(part)
