"""One reconciliation of resources with dependencies: which ones take a step, wait, are remembered or retained."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import partial
from itertools import count
from typing import Any

import pytest

from microservice_operator.api.environment import EnvironmentSpec
from microservice_operator.api.microservice import MicroserviceSpec
from microservice_operator.api.parsing import Environment, Identity, Microservice
from microservice_operator.errors import NeedsPerson, NotYet
from microservice_operator.external.backoff import ResourceBackoff
from microservice_operator.external.clients import ExternalClients
from microservice_operator.external.deletion import everything, undeclared
from microservice_operator.external.graph import Key
from microservice_operator.external.reconcile import ExternalReconciler, ExternalState
from microservice_operator.external.resource import (
    Declaration,
    DeleteInput,
    ExternalResource,
    PreviousStatus,
    ReconcileInput,
    StepResult,
    items,
)
from microservice_operator.facts import Event, Part, Reason, Section, State
from microservice_operator.resources import Removal

IDENTITY = Identity("shop", "order", "uid")
INSTANCE, GROUP, RULE = "Instance", "SecurityGroup", "Rule"


@dataclass
class Cloud:
    """What steps answer, by key; what was stepped, in order."""

    states: dict[Key, State] = field(default_factory=dict)
    taken: list[tuple[str, str, str]] = field(default_factory=list)
    errors: dict[Key, Exception] = field(default_factory=dict)
    looks: dict[Key, dict[str, Any]] = field(default_factory=dict)

    def resource(
        self, kind: str, *needs: str, holds_data: bool = False, companion_kinds: tuple[str, ...] = ()
    ) -> ExternalResource:
        attributes = {"kind": kind, "holds_data": holds_data, "companion_kinds": companion_kinds}
        made: ExternalResource = type(kind, (FakeResource,), attributes)(self, needs)
        return made

    def parts(self, kind: str, name: str, what: str, default: State) -> tuple[Part, ...]:
        self.taken.append((kind, name, what))
        if (kind, name) in self.errors:
            raise self.errors[kind, name]
        made = Part("AWS", kind, name, self.states.get((kind, name), default), id=f"arn-{kind}")
        return (replace(made, **self.looks.get((kind, name), {})),)


class FakeResource(ExternalResource):
    """A type of resource in that cloud, declared by `spec.tables`."""

    section = Section.MESSAGING

    def __init__(self, cloud: Cloud, needs: tuple[str, ...]) -> None:
        self.cloud = cloud
        self.needs = needs
        self.is_declared = True

    def declarations(self, spec: Mapping[str, Any], _environment: Environment | None) -> tuple[Declaration, ...]:
        return items(spec, "tables") if self.is_declared else ()

    async def reconcile(self, wanted: ReconcileInput) -> StepResult:
        return StepResult(self.cloud.parts(self.kind, wanted.name, "wanted", State.READY))

    async def delete(self, target: DeleteInput) -> tuple[Part, ...]:
        over = State.RETAINED if target.removal.policy == "Retain" else State.READY
        return self.cloud.parts(self.kind, target.removal.name, target.removal.policy, over)

    def dependencies(self, _owner: str, name: str) -> list[Key]:
        return [(need, name) for need in self.needs]


def external(*resources: ExternalResource) -> ExternalReconciler:
    hours = count(0, 3600)  # so that each reconciliation tries again what is in trouble
    none: Any = None
    clients = ExternalClients(none, "cluster", none, none, none, 0, backoff=ResourceBackoff(lambda: next(hours)))
    return ExternalReconciler(clients, tuple(partial(_made, each) for each in resources))


def _made(resource: ExternalResource, _clients: ExternalClients) -> ExternalResource:
    return resource


async def provide(
    world: ExternalReconciler, *tables: str, known: Mapping[Key, str] | None = None, rolled_out: bool = True
) -> ExternalState:
    spec = {"image": "order:1", "tables": [{"name": name, "partitionKey": {"name": "id"}} for name in tables]}
    service = Microservice(IDENTITY, 1, MicroserviceSpec.model_validate(spec))
    return await world.reconcile(service, None, PreviousStatus(known or {}, rolled_out=rolled_out), None)  # type: ignore[arg-type]


def states_and_messages(parts: tuple[Part, ...]) -> dict[str, tuple[str, str]]:
    return {part.kind: (part.state.value, part.message) for part in parts}


async def test_what_needs_something_waits_until_it_can_be_used() -> None:
    cloud = Cloud(states={(GROUP, "orders"): State.PROGRESSING})
    world = external(cloud.resource(INSTANCE, GROUP), cloud.resource(GROUP))
    first = await provide(world, "orders")
    assert cloud.taken == [(GROUP, "orders", "wanted")]
    assert states_and_messages(first.parts)[INSTANCE] == (
        "Progressing",
        "instance orders is waiting for security group orders",
    )
    assert [part.reason for part in first.of(INSTANCE)] == [Reason.WAITING]
    cloud.states.clear()
    await provide(world, "orders")
    assert cloud.taken[1:] == [(GROUP, "orders", "wanted"), (INSTANCE, "orders", "wanted")]


LOOKS: list[tuple[dict[str, Any], float | None]] = [
    ({"state": State.UNKNOWN, "failed": True, "after": 5.0, "id": ""}, None),
    ({"state": State.PROGRESSING, "failed": True, "after": 5.0}, None),
    ({"state": State.STALLED, "after": 300.0}, None),
    ({"state": State.PROGRESSING, "after": 1.0}, None),
    ({"state": State.PROGRESSING, "reason": Reason.WAITING}, None),
    # nothing else would reconcile it again
    ({"state": State.PROGRESSING}, 2.0),
]


@pytest.mark.parametrize(("needed", "after"), LOOKS)
async def test_one_that_waits_takes_nothing_out_of_its_back_off(needed: dict[str, Any], after: float | None) -> None:
    cloud = Cloud(looks={(GROUP, "orders"): needed})
    world = external(cloud.resource(INSTANCE, GROUP), cloud.resource(GROUP), cloud.resource(RULE, INSTANCE))
    provided = await provide(world, "orders")
    assert [part.after for part in provided.of(INSTANCE)] == [after]
    assert [part.after for part in provided.of(RULE)] == [None], "it waits for one that waits"


async def test_a_deletion_that_waits_takes_nothing_out_of_its_back_off() -> None:
    cloud = Cloud(looks={(INSTANCE, "orders"): {"state": State.DELETING, "failed": True, "after": 60.0}})
    world = external(cloud.resource(INSTANCE, GROUP), cloud.resource(GROUP))
    leaving = undeclared(world.resources.values(), (), {(INSTANCE, "orders"): "a", (GROUP, "orders"): "b"})
    parts = await world.delete(IDENTITY, None, leaving, None)  # type: ignore[arg-type]
    after = {part.kind: part.after for part in parts}
    assert after[GROUP] is None
    assert after[INSTANCE]


async def test_what_pods_may_still_use_takes_no_step() -> None:
    cloud = Cloud()
    world = external(cloud.resource(INSTANCE, companion_kinds=("Beside",)), cloud.resource(RULE))
    ids = {(INSTANCE, "old"): "a", ("Beside", "old"): "c", (RULE, "orders"): "b"}
    provided = await provide(world, "orders", known=ids, rolled_out=False)
    assert sorted(cloud.taken) == [(INSTANCE, "orders", "wanted"), (RULE, "orders", "wanted")]
    assert provided.kept
    stays = {(part.kind, part.name): (part.id, part.state) for part in provided.parts if part.name == "old"}
    assert stays == {(INSTANCE, "old"): ("a", State.DELETING), ("Beside", "old"): ("c", State.DELETING)}
    assert not (await provide(world, "orders", known={(RULE, "orders"): "b"}, rolled_out=False)).kept


@pytest.mark.parametrize(
    ("environment", "state"),
    [
        (None, State.STALLED),
        (Environment("prod", EnvironmentSpec()), State.READY),
    ],
)
async def test_without_its_environment_nobody_knows_that_a_part_was_never_made(
    environment: Environment | None, state: State
) -> None:
    cloud = Cloud(errors={(INSTANCE, "orders"): NeedsPerson(Reason.ENVIRONMENT_MISSING, "m")})
    world = external(cloud.resource(INSTANCE))
    leaving = {(INSTANCE, "orders"): Removal("orders", "Delete")}
    [part] = await world.delete(IDENTITY, environment, leaving, None)  # type: ignore[arg-type]
    assert part.state is state


async def test_what_could_not_be_looked_at_is_still_built_on() -> None:
    cloud = Cloud(states={(GROUP, "orders"): State.UNKNOWN})
    await provide(external(cloud.resource(INSTANCE, GROUP), cloud.resource(GROUP)), "orders")
    assert (INSTANCE, "orders", "wanted") in cloud.taken


async def test_one_that_waits_forgets_no_id() -> None:
    cloud = Cloud(states={(GROUP, "orders"): State.STALLED})
    world = external(cloud.resource(INSTANCE, GROUP, companion_kinds=("Beside",)), cloud.resource(GROUP))
    ids = {(INSTANCE, "orders"): "arn-i", ("Beside", "orders"): "arn-b"}
    provided = await provide(world, "orders", known=ids)
    assert {part.kind: part.id for part in provided.parts} == {
        GROUP: "arn-SecurityGroup",
        INSTANCE: "arn-i",
        "Beside": "arn-b",
    }


@pytest.mark.parametrize(
    ("error", "state"),
    [
        (NeedsPerson(Reason.ENVIRONMENT_MISSING, "m"), State.STALLED),
        (NotYet(Reason.AWS_UNAVAILABLE, "m"), State.UNKNOWN),
    ],
)
async def test_an_error_is_reported_on_its_part_alone(error: Exception, state: State) -> None:
    cloud = Cloud(errors={(INSTANCE, "orders"): error})
    provided = await provide(
        external(cloud.resource(INSTANCE), cloud.resource(GROUP)), "orders", known={(INSTANCE, "orders"): "a"}
    )
    assert {part.kind: (part.state, part.id) for part in provided.parts} == {
        INSTANCE: (state, "a"),
        GROUP: (State.READY, "arn-SecurityGroup"),
    }


@pytest.mark.parametrize(
    ("environment", "declares"),
    [
        (None, False),
        ({}, False),
        ({"aws": {"region": "eu-west-1", "accountID": "123456789012"}}, True),
    ],
)
def test_nothing_is_to_hold_on_to_where_nothing_can_be_made(environment: Any, *, declares: bool) -> None:
    """So a Microservice without an Environment can be deleted."""
    spec = {"image": "order:1", "tables": [{"name": "a", "partitionKey": {"name": "id"}}]}
    service = Microservice(IDENTITY, 1, MicroserviceSpec.model_validate(spec))
    found = None if environment is None else Environment("prod", EnvironmentSpec.model_validate(environment))
    assert external(Cloud().resource(INSTANCE)).declares(service, found) is declares


async def test_what_is_no_longer_declared_goes_or_stays_by_its_sort() -> None:
    cloud = Cloud()
    world = external(cloud.resource(INSTANCE, holds_data=True), cloud.resource(RULE))
    provided = await provide(world, known={(INSTANCE, "orders"): "a", (RULE, "orders"): "b"})
    assert sorted(cloud.taken) == [(INSTANCE, "orders", "Retain"), (RULE, "orders", "Delete")]
    assert provided.parts == ()
    assert {part.kind for part in provided.left} == {INSTANCE, RULE}


async def test_a_need_goes_when_what_needs_it_is_gone() -> None:
    cloud = Cloud(states={(INSTANCE, "orders"): State.DELETING})
    world = external(cloud.resource(INSTANCE, GROUP), cloud.resource(GROUP))
    ids = {(INSTANCE, "orders"): "a", (GROUP, "orders"): "b"}
    leaving = undeclared(world.resources.values(), (), ids)
    first = await world.delete(IDENTITY, None, leaving, None)  # type: ignore[arg-type]
    assert cloud.taken == [(INSTANCE, "orders", "Delete")]
    assert states_and_messages(first)[GROUP] == ("Deleting", "security group orders is deleted after instance orders")
    assert [part.id for part in first if part.kind == GROUP] == ["b"]
    cloud.states.clear()
    assert all(part.is_over for part in await world.delete(IDENTITY, None, leaving, None))  # type: ignore[arg-type]
    assert cloud.taken[1:] == [(INSTANCE, "orders", "Delete"), (GROUP, "orders", "Delete")]


async def test_what_a_retained_one_stands_on_stays_too() -> None:
    cloud = Cloud()
    world = external(cloud.resource(INSTANCE, GROUP, holds_data=True), cloud.resource(GROUP))
    await provide(world, known={(INSTANCE, "orders"): "a", (GROUP, "orders"): "b"})
    assert cloud.taken == [(INSTANCE, "orders", "Retain"), (GROUP, "orders", "Retain")]


async def test_a_need_that_is_dropped_waits_until_it_is_let_go_of() -> None:
    """A queue must stop using its dead-letter queue before that one is deleted."""
    cloud = Cloud(states={(INSTANCE, "orders"): State.PROGRESSING})
    group = cloud.resource(GROUP)
    group.is_declared = False  # type: ignore[attr-defined]
    world = external(cloud.resource(INSTANCE, GROUP), group)
    await provide(world, "orders", known={(GROUP, "orders"): "b"})
    assert cloud.taken == [(INSTANCE, "orders", "wanted")]
    cloud.states.clear()
    await provide(world, "orders", known={(GROUP, "orders"): "b"})
    assert cloud.taken[-1] == (GROUP, "orders", "Delete")


@pytest.mark.parametrize(
    ("spec", "leaving"),
    [
        (None, {}),
        ("nonsense", {}),
        ({"tables": "nonsense"}, {}),
        ({"tables": [1, {}, {"name": "a"}]}, {(INSTANCE, "a"): Removal("a", "Retain")}),
        ({"tables": [{"name": "a", "deletionPolicy": "Delete"}]}, {(INSTANCE, "a"): Removal("a", "Delete")}),
        ({"tables": [{"name": "a", "deletionPolicy": "Snapshot"}]}, {(INSTANCE, "a"): Removal("a", "Snapshot")}),
        ({"tables": [{"name": "a", "deletionPolicy": 3}]}, {(INSTANCE, "a"): Removal("a", "Retain")}),
    ],
)
def test_a_spec_that_never_was_valid_can_be_left(spec: Any, leaving: dict[Key, Removal]) -> None:
    assert everything([Cloud().resource(INSTANCE, holds_data=True)], spec, None, {}) == leaving


def test_what_is_remembered_leaves_with_what_is_declared() -> None:
    resource = Cloud().resource(INSTANCE, holds_data=True, companion_kinds=("Beside",))
    ids = {("Beside", "old"): "b", (INSTANCE, "a"): "i"}
    spec = {"tables": [{"name": "a", "deletionPolicy": "Delete"}]}
    assert everything([resource], spec, None, ids) == {
        (INSTANCE, "a"): Removal("a", "Delete", {INSTANCE: "i"}),
        (INSTANCE, "old"): Removal("old", "Retain", {"Beside": "b"}),
    }


def test_entries_without_a_name_are_none() -> None:
    assert items({"tables": [{"name": ""}, {"name": "a"}]}, "tables") == (Declaration("a"),)


def test_the_field_of_an_error_is_that_of_the_part_that_no_call_was_made_for() -> None:
    refused = Cloud().resource(GROUP).failed("orders", NeedsPerson(Reason.REJECTED, "no", "spec.databases[0].size"))
    assert (refused.state, refused.field) == (State.STALLED, "spec.databases[0].size")


TROUBLES = {
    "failed": {"state": State.PROGRESSING, "failed": True, "after": 5.0},
    "refused": {"state": State.STALLED, "after": 300.0},
}


@pytest.mark.parametrize("what", ["spec", "request", "known"])
async def test_a_part_in_trouble_is_tried_at_once_when_something_has_changed(what: str) -> None:
    cloud = Cloud(looks={(INSTANCE, "orders"): TROUBLES["refused"]})
    world = external(cloud.resource(INSTANCE))
    world.clients.backoff = ResourceBackoff(lambda: 0.0)
    for _ in range(3):
        await provide(world, "orders")
    assert len(cloud.taken) == 1
    if what == "request":
        world.clients.backoff.forget(IDENTITY.uid)
    ids = {(INSTANCE, "orders"): "a"} if what == "known" else {}
    await provide(world, "orders", *(["others"] if what == "spec" else []), known=ids)
    assert cloud.taken.count((INSTANCE, "orders", "wanted")) == 2


async def test_a_deletion_in_trouble_is_left_alone_for_a_while() -> None:
    cloud = Cloud(errors={(INSTANCE, "orders"): NotYet(Reason.AWS_UNAVAILABLE, "m")})
    world = external(cloud.resource(INSTANCE))
    world.clients.backoff = ResourceBackoff(lambda: 0.0)
    leaving = {(INSTANCE, "orders"): Removal("orders", "Delete", {INSTANCE: "a"})}
    for _ in range(3):
        [part] = await world.delete(IDENTITY, None, leaving, None)  # type: ignore[arg-type]
        assert (part.id, part.reason) == ("a", Reason.AWS_UNAVAILABLE)
    assert len(cloud.taken) == 1


async def test_an_event_of_a_part_in_trouble_is_sent_once() -> None:
    events = (Event("Warning", Reason.CONFLICT, "m"),)
    cloud = Cloud(looks={(INSTANCE, "orders"): {**TROUBLES["refused"], "events": events}})
    world = external(cloud.resource(INSTANCE))
    world.clients.backoff = ResourceBackoff(lambda: 0.0)
    sent = [(await provide(world, "orders")).parts[0].events for _ in range(3)]
    assert sent == [events, (), ()]
