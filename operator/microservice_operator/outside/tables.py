"""DynamoDB tables, as an entry of the registry."""

from functools import partial

from .. import cloud
from ..facts import Part, Section
from .doors import Doors
from .sorts import Going, Sort, Stepped, Wanted, items

TABLE = "Table"


def tables(doors: Doors) -> Sort:
    """Tables through these doors."""
    return Sort(
        kind=TABLE,
        layer="AWS",
        section=Section.TABLES,
        declared=lambda spec, _environment: items(spec, "tables"),
        step=partial(_step, doors),
        leave=partial(_leave, doors),
        usable=cloud.usable,
    )


async def _step(doors: Doors, wanted: Wanted) -> Stepped:
    place = doors.place(wanted.service.identity, wanted.environment, "tables")
    at, spec = next((at, t) for at, t in enumerate(wanted.service.spec.tables or []) if t.name == wanted.name)
    table = cloud.WantedTable(
        spec=spec,
        tags=wanted.tags,
        known_id=wanted.known.get(TABLE, ""),
        recreate=wanted.recreate,
        field=f"spec.tables[{at}]",
    )
    return Stepped((await cloud.reconcile_table(place, table),))


async def _leave(doors: Doors, going: Going) -> tuple[Part, ...]:
    place = doors.place(going.owner, going.environment, "tables")
    policy = "Delete" if going.policy == "Delete" else "Retain"
    leaving = cloud.LeavingTable(going.name, policy, going.known.get(TABLE, ""))  # type: ignore[arg-type]
    return (await cloud.delete_table(place, leaving),)
