"""DynamoDB tables as external resources."""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any

from ..api.parsing import Environment
from ..aws.dynamodb.desired import DesiredTable
from ..aws.dynamodb.tables import delete_table, reconcile_table, usable
from ..aws.engine.arns import name_in_arn
from ..facts import Part, Section
from .adoption import TABLES, adoption, deletion, with_adoption
from .desired import table_key
from .resource import (
    Declaration,
    DeleteInput,
    ExternalResource,
    ReconcileInput,
    StepResult,
    declared_item,
    without_snapshot,
)
from .restores import created, table_restore

TABLE = "Table"


class Tables(ExternalResource):
    """Tables of `spec.tables`."""

    kind = TABLE
    section = Section.TABLES

    def declarations(self, spec: Mapping[str, Any], _environment: Environment | None) -> Iterable[Declaration]:
        return with_adoption(spec, TABLES, "name")

    async def reconcile(self, declared: ReconcileInput) -> StepResult:
        clients, key = self._clients, table_key(declared.environment)
        scope = clients.scope(declared.service.identity, declared.environment, "tables")
        aws = declared.environment.spec.aws if declared.environment else None
        has_role = bool(aws and aws.identity)
        index, spec = declared_item(declared.service.spec.tables, declared.name)
        table = DesiredTable(
            spec=spec,
            tags=declared.tags,
            key=key,
            key_allowed=not has_role or clients.table_keys.get(declared.service.identity.uid) == key,
            known=declared.known,
            recreate=declared.recreate,
            field=f"spec.tables[{index}]",
            adoption=adoption(declared, TABLES, spec.adopt.name) if spec.adopt else None,
            restore=table_restore(declared, spec),
            created=created(declared) if spec.restore_from else None,
        )
        return StepResult((await reconcile_table(scope, table),))

    async def delete(self, target: DeleteInput) -> tuple[Part, ...]:
        scope = self._clients.scope(target.owner, target.environment, "tables")
        removal = without_snapshot(target.removal)
        consent = deletion(target, TABLES, name_in_arn(removal.id_of(TABLE)) or removal.adopts)
        return (await delete_table(scope, replace(removal, consent=consent)),)

    def usable(self, part: Part) -> bool:
        """A table that is being changed, or whose change is refused, can still be used."""
        return usable(part)
