"""DynamoDB tables, as an entry of the registry."""

from functools import partial

from ..aws.dynamodb.desired import WantedTable
from ..aws.dynamodb.tables import LeavingTable, delete_table, named, reconcile_table, usable
from ..facts import Part, Section
from .adoption import TABLES, adoption, deletion, with_adoption
from .clients import Doors
from .resource_type import Going, Sort, Stepped, Wanted

TABLE = "Table"


def tables(doors: Doors) -> Sort:
    """Tables through these doors."""
    return Sort(
        kind=TABLE,
        layer="AWS",
        section=Section.TABLES,
        declared=lambda spec, _environment: with_adoption(spec, "tables", "name"),
        step=partial(_step, doors),
        leave=partial(_leave, doors),
        usable=usable,
    )


async def _step(doors: Doors, wanted: Wanted) -> Stepped:
    place = doors.place(wanted.service.identity, wanted.environment, "tables")
    at, spec = next((at, t) for at, t in enumerate(wanted.service.spec.tables or []) if t.name == wanted.name)
    table = WantedTable(
        spec=spec,
        tags=wanted.tags,
        known_id=wanted.known.get(TABLE, ""),
        recreate=wanted.recreate,
        field=f"spec.tables[{at}]",
        adoption=adoption(wanted, TABLES, spec.adopt.name) if spec.adopt else None,
    )
    return Stepped((await reconcile_table(place, table),))


async def _leave(doors: Doors, going: Going) -> tuple[Part, ...]:
    place = doors.place(going.owner, going.environment, "tables")
    policy = "Delete" if going.policy == "Delete" else "Retain"
    known_id = going.known.get(TABLE, "")
    may_go = deletion(going, TABLES, named(known_id) or going.adopts)
    leaving = LeavingTable(going.name, policy, known_id, going.adopts, may_go)  # type: ignore[arg-type]
    return (await delete_table(place, leaving),)
