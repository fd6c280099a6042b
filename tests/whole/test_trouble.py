"""AWS throttles, fails, denies or does not answer: the operator waits or reports it, and creates nothing twice.

The tests record the call sites in a run without faults, so a new call is tested automatically.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any

import pytest

from microservice_operator.aws.engine.clients import Clients, Limits
from microservice_operator.aws.engine.create_once import CreateOnce
from microservice_operator.aws.engine.expectations import Expectations
from microservice_operator.aws.engine.list_cache import ListCache
from microservice_operator.aws.engine.write_backoff import WriteBackoff
from microservice_operator.facts import Part, Reason, State
from tests.fakes.aws.proxy import Answer, Call

from .faults import BlackHole, broken, denied, once_each, share, throttled
from .holdings import shared
from .spec import KINDS, MADE, made
from .world import World, troubled

RECONCILIATIONS = 80
Site = tuple[str, str]
SERVICES = {
    "apigateway": ("api",),
    "dynamodb": ("tables",),
    "ec2": ("databases",),
    "eks": ("topics",),
    "iam": ("topics",),
    "rds": ("databases",),
    "secretsmanager": ("databases",),
    "sns": ("topics",),
    "sqs": ("queues",),
}
OTHERS = {"topics": "api", "queues": "api", "databases": "tables", "api": "tables", "tables": "api"}
CLIENTS = {"apigateway": "apigatewayv2"}
# Reasons of a part that waits for another part, or for a value that AWS does not return yet.
WAITING = {Reason.WAITING, Reason.DATABASE_CREATING}


def letting_all_through(_call: Call) -> Answer | None:
    return None


def nothing_left(world: World) -> bool:
    return (world.holdings(), shared(world.aws, world.environment.name)) == ({}, {})


async def patient(world: World, spec: dict[str, Any], allowed: set[Reason]) -> list[Part]:
    """Reconcile until Ready; no person is needed, and each fault is reported."""
    seen: list[Part] = []
    for _ in range(RECONCILIATIONS):
        provided = await world.step(spec)
        seen += provided.parts
        stalled = [part for part in provided.parts if part.state is State.STALLED]
        assert not stalled, troubled(stalled)
        if all(part.state is State.READY for part in provided.parts):
            assert allowed & {part.reason for part in seen}
            return seen
        late = [part for part in provided.parts if part.state is not State.READY and not part.after]
        assert {part.reason for part in late} <= WAITING, late
        world.advance(provided.parts)
    raise AssertionError(troubled(provided.parts))


@pytest.mark.parametrize("percent", [10, 50])
async def test_some_calls_are_throttled(world: World, percent: int) -> None:
    spec = world.every_part("Delete")
    world.faults.rule = share(percent, throttled)
    reasons: set[Reason] = set()
    for _ in range(80):
        parts = (await world.step(spec)).parts
        assert not any(part.state is State.STALLED for part in parts), troubled(parts)
        reasons |= {part.reason for part in parts}
        if Reason.AWS_THROTTLED in reasons and len(made(world.accepted())) > len(MADE) / 3:
            break  # the other parts continue
        world.advance(parts)
    else:
        pytest.fail(f"{reasons}, {made(world.accepted())}")
    world.faults.rule = letting_all_through
    await world.ready(spec, reconciliations=20)
    await world.quiet(spec)
    assert made(world.accepted()) == MADE


async def test_all_calls_are_throttled_and_then_none(world: World) -> None:
    spec = world.every_part("Delete")
    world.faults.rule = throttled
    for _ in range(5):
        before = len(world.calls())
        provided = await world.step(spec)
        world.advance(provided.parts)
        assert len(world.calls()) - before <= len(provided.parts)
        assert all(part.state in (State.UNKNOWN, State.PROGRESSING) for part in provided.parts), provided.parts
        throttled_ones = [part for part in provided.parts if part.reason is Reason.AWS_THROTTLED]
        assert throttled_ones
        assert all(part.after and part.after <= 300 for part in throttled_ones)
    assert {part.reason for part in provided.parts} <= {Reason.AWS_THROTTLED, Reason.IDENTITY_CREATING, *WAITING}
    assert world.accepted() == []
    world.faults.rule = letting_all_through
    await world.ready(spec)
    assert made(world.accepted()) == MADE


@dataclass
class Refusing:
    """A rule: every call of a site is refused until that is lifted; each site is refused for a while."""

    answer: Callable[[Call], Answer]
    lifted: set[Site] = field(default_factory=set)
    hit: set[Site] = field(default_factory=set)

    def __call__(self, call: Call) -> Answer | None:
        site = (call.service, call.action)
        if site in self.lifted:
            return None
        self.hit.add(site)
        return self.answer(call)

    def lift(self) -> None:
        """What has been refused so far is no longer."""
        self.lifted |= self.hit


async def test_every_call_site_fails_once(world: World) -> None:
    world.faults.rule = once_each(broken)
    spec = world.every_part("Delete")
    await patient(world, spec, {Reason.AWS_UNAVAILABLE})
    await world.quiet(spec)
    assert made(world.accepted()) == MADE
    world.faults.rule = once_each(broken)
    await world.leave()
    assert nothing_left(world)


async def test_every_call_site_fails_for_long(world: World) -> None:
    world.faults.rule = refusing = Refusing(broken)
    spec = world.every_part("Delete")
    for number in range(RECONCILIATIONS):
        parts = (await world.step(spec)).parts
        assert not any(part.state is State.STALLED for part in parts), troubled(parts)
        late = [part for part in parts if part.state is not State.READY and not part.after]
        assert {part.reason for part in late} <= WAITING, late
        if all(part.state is State.READY for part in parts):
            break
        if number % 3 == 2:
            refusing.lift()
        world.advance(parts)
        world.pass_time(20)  # for a minute it is unknown whether an API was created whose answer failed
    assert {part.state for part in parts} == {State.READY}, troubled(parts)
    assert made(world.accepted()) == MADE
    assert refusing.hit == refusing.lifted
    refusing.lifted, refusing.hit = set(), set()
    for number in range(RECONCILIATIONS):
        parts = await world.leave_once()
        assert not any(part.state is State.STALLED for part in parts), troubled(parts)
        if number % 3 == 2:
            refusing.lift()
        world.advance(parts)
        if all(part.is_over for part in parts):
            break
    assert nothing_left(world)


async def test_every_call_site_is_denied_and_then_granted(world: World) -> None:
    world.faults.rule = refusing = Refusing(denied)
    spec = world.every_part("Delete")
    reported: set[Site] = set()

    def hear(parts: Iterable[Part]) -> None:
        refused = [part for part in parts if part.reason is Reason.ACCESS_DENIED]
        assert {part.after for part in refused} <= {300, None}  # or with the next resync
        for service, action in refusing.hit - refusing.lifted:
            if any(f"{CLIENTS.get(service, service)}:{action} on " in part.message for part in refused):
                reported.add((service, action))
        refusing.lifted |= reported  # of calls side by side the first to fail is named

    for _ in range(RECONCILIATIONS):
        parts = (await world.step(spec)).parts
        if all(part.state is State.READY for part in parts):
            break
        hear(parts)
        world.advance(parts)
    assert {part.state for part in parts} == {State.READY}, troubled(parts)
    await world.quiet(spec)
    assert made(world.accepted()) == MADE
    assert reported == refusing.hit
    reported, refusing.lifted, refusing.hit = set(), set(), set()
    for _ in range(RECONCILIATIONS):
        parts = await world.leave_once()
        if all(part.is_over for part in parts):
            break
        hear(parts)
        world.advance(parts)
    assert nothing_left(world)
    assert reported == refusing.hit


def only(world: World, service: str) -> tuple[dict[str, Any], set[str]]:
    """A spec with what needs this service, and something else; and the sections of what needs it."""
    sections = set(SERVICES[service])
    wanted = sections | {OTHERS[SERVICES[service][0]]}
    return {key: value for key, value in world.every_part("Delete").items() if key in wanted}, sections


def _concerns(section: str, concerned: set[str]) -> bool:
    sections = {"messaging": {"topics", "queues"}, "routes": {"api"}, "identity": {"topics", "tables"}}
    return bool(sections.get(section, {section}) & concerned)


@pytest.mark.parametrize("service", SERVICES)
async def test_a_service_that_says_nothing_takes_only_its_own_parts_along(world: World, service: str) -> None:
    """The others need the same number of reconciliations, and each takes at most one timeout."""
    spec, concerned = only(world, service)
    elsewhere = {key: value for key, value in spec.items() if key not in concerned}
    world.aws_spec.pop("identity") if service not in ("iam", "eks") else None
    usual = await _reconciliations_to_ready(world, elsewhere, lambda _section: True)
    await world.leave()
    world.again()
    hole = BlackHole(frozenset({service}))
    world.faults.rule = hole
    hasty = Clients(world.external.clients.aws._endpoint_url, limits=Limits(read_seconds=0.7, attempts=1))
    hasty.lists, hasty.create_once = ListCache(0, lambda: world.aws.rds.now), CreateOnce(60, lambda: world.now)
    hasty.expectations, hasty.write_backoff = Expectations(60, lambda: world.now), WriteBackoff(lambda: world.now)
    patient_clients, world.external.clients.aws = world.external.clients.aws, hasty
    try:
        took = await _reconciliations_to_ready(world, spec, lambda section: not _concerns(section, concerned))
        assert took <= usual + 2
    finally:
        hole.opened.set()
        world.external.clients.aws = patient_clients
        world.faults.rule = letting_all_through
        hasty.close()
    await world.ready(spec)


async def _reconciliations_to_ready(world: World, spec: dict[str, Any], counts: Callable[[str], bool]) -> int:
    for number in range(RECONCILIATIONS):
        provided = await world.step(spec)
        world.advance(provided.parts)
        asked = [parts for section, parts in provided.sections.items() if counts(section.value)]
        if asked and all(part.state is State.READY for parts in asked for part in parts):
            return number + 1
    raise AssertionError(troubled(provided.parts))


async def test_not_found_for_a_while_after_each_creation_makes_no_second_one(world: World) -> None:
    for layer in (world.aws.dynamodb, world.aws.iam, world.aws.sns, world.aws.sqs, world.aws.gateway, world.aws.rds):
        layer.absent_looks = 3
    world.aws.eks.unknown_roles = 2
    world.aws.iam.age = world.aws.eks.age = 0
    spec = world.every_part("Delete")
    waits = {
        "Role",
        "PodIdentityAssociation",
    }  # until EKS and IAM have propagated the change, which takes an unknown time
    for _ in range(RECONCILIATIONS):
        provided = await world.step(spec)
        assert not any(part.state is State.STALLED for part in provided.parts), troubled(provided.parts)
        world.advance(provided.parts)
        if all(part.state is State.READY or (part.kind in waits and part.id) for part in provided.parts):
            break
    others = [part for part in provided.parts if part.kind not in waits]
    assert all(part.state is State.READY for part in others), troubled(others)
    # CreateQueue and CreateTopic answer with the one that is there
    assert set(made(world.accepted()) - MADE) <= {"CreateQueue", "CreateTopic"}
    assert len(world.holdings()) == len(KINDS - {"API"}) + 1  # two queues
