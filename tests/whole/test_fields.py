"""Each spec field that affects AWS, one at a time: stable after creation, then changed as documented, or refused."""

import json
from collections.abc import Mapping
from typing import Any

import pytest

from microservice_operator.api.base import Model
from microservice_operator.api.messaging import Queue, Topic
from microservice_operator.api.microservice import MicroserviceSpec
from microservice_operator.api.parsing import Microservice
from microservice_operator.api.stores import Database, Table
from microservice_operator.api.transitions import refused_changes
from microservice_operator.aws.engine.rules import Effect
from microservice_operator.external.preview import Version, forecasts
from microservice_operator.facts import Part, Reason, State
from microservice_operator.ownership import Owner

from .rows import BARE, ELSEWHERE, ROWS, Row, fields
from .world import World

MODELS: dict[str, type[Model]] = {"databases": Database, "tables": Table, "topics": Topic, "queues": Queue}
KIND = {"databases": "DatabaseInstance", "tables": "Table", "topics": "Topic", "queues": "Queue"}
AT_ONCE = {"databases": 1, "tables": 14, "topics": 14, "queues": 14}  # side by side in one Microservice
BATCHES = [
    pytest.param(section, rows[start : start + AT_ONCE[section]], id=f"{section}-{rows[start].field}")
    for section, rows in ROWS.items()
    for start in range(0, len(rows), AT_ONCE[section])
]
Rows = tuple[Row, ...]


@pytest.mark.parametrize("section", ROWS)
def test_every_field_has_a_row(section: str) -> None:
    there = {name for name in fields(MODELS[section]) if not any(_below(name, other) for other in ELSEWHERE)}
    assert {row.field for row in ROWS[section]} == there


def _below(name: str, other: str) -> bool:
    return name == other or name.startswith(f"{other}.")


def item(section: str, number: int, spec: Mapping[str, Any]) -> dict[str, Any]:
    return {"name": f"row{number:02}", **BARE[section], **spec}


def before(section: str, rows: Rows) -> dict[str, Any]:
    return {section: [item(section, number, row.before) for number, row in enumerate(rows)]}


def after(section: str, rows: Rows) -> dict[str, Any]:
    return {section: [item(section, number, row.after) for number, row in enumerate(rows)]}


@pytest.fixture
def world(world: World) -> World:
    """Without a role, because its policy depends on every resource."""
    del world.aws_spec["identity"]
    return world


@pytest.mark.parametrize(("section", "rows"), BATCHES)
async def test_each_alone_from_the_start_is_left_alone_whatever_aws_does_to_it(
    world: World, section: str, rows: Rows
) -> None:
    spec = after(section, rows)
    await world.ready(spec)
    world.aws.rds.settle()
    await world.ready(spec)
    await world.quiet(spec)
    _aws_moves(world)
    await world.quiet(spec)


@pytest.mark.parametrize(("section", "rows"), BATCHES)
async def test_each_changed_does_what_its_label_says(world: World, section: str, rows: Rows) -> None:
    spec = before(section, rows)
    await world.ready(spec)
    world.aws.rds.settle()
    await world.ready(spec)
    await world.quiet(spec)
    begin = len(world.calls())
    wanted = after(section, rows)
    planned = _planned(world, spec, wanted)
    for number, row in enumerate(rows):
        assert planned[section, f"row{number:02}"] == ({row.label} if row.label else set()), row
    parts = await world.drive(wanted)
    written = [call for call in world.calls()[begin:] if call.changes]
    for number, row in enumerate(rows):
        part = parts[KIND[section], f"row{number:02}"]
        acts = [call.action for call in written if f"row{number:02}" in str(call.body)]
        _as_labelled(row, part, acts)
        assert _refused_at_admission(section, row) == (row.label is Effect.REFUSED), row
    allowed = tuple(row for row in rows if row.label is not Effect.REFUSED)
    kept = {section: [item(section, n, row.after) for n, row in enumerate(rows) if row in allowed]}
    kept[section] += [item(section, n, row.before) for n, row in enumerate(rows) if row not in allowed]
    await world.ready(kept)
    await world.quiet(kept)
    for name in world.aws.rds.instances:
        world.aws.rds.window(name)
    await world.ready(kept)
    await world.quiet(kept)


def _planned(world: World, before: Mapping[str, Any], after: Mapping[str, Any]) -> dict[tuple[str, str], set[Effect]]:
    """Return the effects that `plan` shows for each part before the change."""

    def version(spec: Mapping[str, Any]) -> Version:
        declared = MicroserviceSpec.model_validate({"image": "a:1", **spec})
        return Version(Microservice(world.identity, 1, declared), world.environment)

    owner = Owner("cluster", world.identity)
    return {
        (section, name): {each.effect for each in found}
        for section, name, found in forecasts(owner, version(after), version(before))
    }


def _as_labelled(row: Row, part: Part, acts: list[str]) -> None:
    said = (row, part.state, part.message, acts)
    waits = "maintenance window" in part.message or "restart" in part.message
    match row.label:
        case Effect.REFUSED:
            assert (part.state, part.reason, acts) == (State.STALLED, Reason.CHANGE_REFUSED, []), said
            assert part.field.startswith("spec."), said
        case None:
            assert (part.state, acts) == (State.READY, []), said
        case Effect.IN_PLACE:
            assert part.state is State.READY, said
            assert acts, said
            assert not waits, said
        case Effect.RESTART:
            assert part.state is State.READY, said
            assert acts, said
            assert waits, said
        case Effect.REPLACE:
            assert part.state is State.READY, said
            assert len(acts) == 2, said


def _refused_at_admission(section: str, row: Row) -> bool:
    old, new = (
        MicroserviceSpec.model_validate({"image": "a:1", section: [item(section, 0, spec)]})
        for spec in (row.before, row.after)
    )
    return bool(list(refused_changes(new, old)))


def _aws_moves(world: World) -> None:
    """Changes by AWS, or by a console that writes values in another form."""
    for instance in world.aws.rds.instances.values():
        instance["EngineVersion"] += "1"  # a minor upgrade
        instance["AvailabilityZone"] = "us-east-1c"
        instance["TagList"].reverse()
        if instance.get("MaxAllocatedStorage"):
            instance["AllocatedStorage"] += 5
    for group in world.aws.rds.groups.subnet_groups.values():
        group["Subnets"].reverse()
    dynamodb, sns = world.aws.clients["dynamodb"], world.aws.clients["sns"]
    for what in world.holdings():
        kind, name = what.split()
        if (
            kind == "Table"
            and dynamodb.describe_table(TableName=name)["Table"]["ProvisionedThroughput"]["ReadCapacityUnits"]
        ):
            moved = {"ReadCapacityUnits": 3, "WriteCapacityUnits": 3}
            dynamodb.update_table(TableName=name, ProvisionedThroughput=moved)
        if kind == "Topic":
            arn = f"arn:aws:sns:us-east-1:123456789012:{name}"
            policy = json.loads(sns.get_topic_attributes(TopicArn=arn)["Attributes"]["Policy"])
            text = json.dumps(dict(reversed(policy.items())), indent=4)
            sns.set_topic_attributes(TopicArn=arn, AttributeName="Policy", AttributeValue=text)
