"""Each change takes its number of calls, and then no more."""

from collections import Counter
from dataclasses import replace
from typing import Any

import pytest

from microservice_operator.aws.engine.rules import Effect
from tests.whole.rows import ROWS, Row
from tests.whole.test_fields import KIND, after, before

from .changes import CHANGES, Change, calls_of, named
from .world import World

AT_ONCE = {"databases": 1, "tables": 14, "topics": 14, "queues": 14}  # side by side in one Microservice
UNSEEN = Row("all that AWS does not see", None, {})


def _rows(section: str) -> tuple[Row, ...]:
    """The allowed changes; those of a database that do not reach AWS are one, because an instance takes a second."""
    allowed = tuple(row for row in ROWS[section] if row.label is not Effect.REFUSED)
    if section != "databases":
        return allowed
    unseen = {name: value for row in allowed if row.label is None for name, value in row.after.items()}
    return (*(row for row in allowed if row.label), replace(UNSEEN, after=unseen))


BATCHES = [
    pytest.param(section, rows[start : start + AT_ONCE[section]], id=f"{section}-{rows[start].field}")
    for section, rows in ((section, _rows(section)) for section in ROWS)
    for start in range(0, len(rows), AT_ONCE[section])
]


async def settle(world: World, spec: dict[str, Any]) -> list[Any]:
    """Reconcile until all is Ready and nothing changes; return the calls that changed something."""
    since = len(world.calls())
    await world.ready(spec)
    return world.writes_of(since)


@pytest.mark.parametrize(("section", "rows"), BATCHES)
async def test_each_field(world: World, section: str, rows: tuple[Row, ...]) -> None:
    del world.aws_spec["identity"]  # the role's policy depends on every resource
    await settle(world, before(section, rows))
    await world.silent(before(section, rows))
    written = await settle(world, after(section, rows))
    taken = {}
    for number, row in enumerate(rows):
        calls = [call.action for call in written if f"row{number:02}" in str(call.body)]
        if len(calls) != calls_of(section, row):
            taken[row.field] = calls
    assert taken == {}
    await world.silent(after(section, rows))
    assert KIND[section] in {part for part, _ in world.known}


@pytest.mark.parametrize("change", CHANGES, ids=lambda change: str(change.name))
async def test_each_change(world: World, change: Change) -> None:
    spec = named(change.before, world.name)
    await settle(world, spec)
    await world.silent(spec)
    change.act(world)
    spec = named(change.after, world.name)
    written = await settle(world, spec)
    for _ in range(change.later):
        world.pass_time(15)
        written += await settle(world, spec)
    assert Counter(call.action for call in written) == change.calls
    await world.silent(spec)
    await world.leave()
