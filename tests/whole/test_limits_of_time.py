"""AWS refuses or does not show something for a time: the operator waits, says so, and continues soon after."""

from collections import Counter

import pytest

from microservice_operator.external.backoff import LONGEST
from microservice_operator.facts import Part, State

from .faults import asked_for
from .limits_of_time import HOUR, LIMITS, Clocked, Limit
from .world import World, troubled

DAY = 24 * HOUR


async def until_ready(world: World, limit: Limit, spec: dict[str, object]) -> list[Part]:
    """Reconcile at the requested times until nothing is left to do; return every part of every reconciliation."""
    seen: list[Part] = []
    while world.now < 5 * limit.seconds + DAY:
        before = len(world.writes())
        parts = (await world.step(spec)).parts
        seen += parts
        if all(part.state in (State.READY, State.RETAINED) for part in parts) and before == len(world.writes()):
            return seen
        world.advance(parts)
    raise AssertionError(troubled(parts))


@pytest.mark.parametrize("factor", [1, 4])
@pytest.mark.parametrize("limit", [pytest.param(limit, id=limit.name.replace(" ", "-")) for limit in LIMITS])
async def test_what_takes_its_time_is_waited_for(world: World, limit: Limit, factor: float) -> None:
    """The documented time, and four times of it or six hours more, as AWS takes when it has trouble."""
    layer = Clocked(world, limit, min(limit.seconds * factor, limit.seconds + 6 * HOUR))
    await until_ready(world, limit, dict(limit.first))
    if limit.between:
        await until_ready(world, limit, dict(limit.between))
    changed, begin = world.now, len(world.calls())
    if limit.change is None:
        await world.leave()
        world.again()
    seen = await until_ready(world, limit, dict(limit.second))
    allowed, most = max(layer.until, changed), layer.windows * (16 + layer.seconds / 200)
    assert layer.until > changed, "nothing was refused or late: the row tests nothing"
    assert world.now <= allowed + 2 * LONGEST, "did not continue soon"
    assert len(layer.refused) <= most, "asked too often"
    writes = [call for call in world.calls()[begin:] if call.changes and call.service != "sts"]
    assert max(Counter(map(asked_for, writes)).values(), default=0) <= most, "wrote the same too often"
    stalled = {part.message for part in seen if part.state is State.STALLED}
    assert stalled == set() or factor > 1, "asked a person to act on what passes by itself"
    world.pass_time(layer.seconds)
    await world.quiet(dict(limit.second))
