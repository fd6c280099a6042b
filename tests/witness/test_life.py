"""A Microservice with every part: created, left alone, reconciled by another process, deleted."""

from .conftest import Bridged, end
from .spec import everything
from .world import World


async def test_everything_settles_stays_and_is_deleted(world: World, bridged: Bridged) -> None:
    spec = everything(world.name)
    await world.ready(spec)
    assert {what.split()[0] for what in world.holdings()} == {
        "API",
        "DatabaseInstance",
        "ParameterGroup",
        "PodIdentityAssociation",
        "Queue",
        "Role",
        "Secret",
        "SecurityGroup",
        "SubnetGroup",
        "Subscription",
        "Table",
        "Topic",
    }
    await world.silent(spec)
    another = bridged.reconciler(world.objects)
    world.restart(another)
    await world.silent(spec)
    await world.leave()
    assert world.holdings() == {}
    assert [key for key in world.gaps.scaling.targets if world.name in key[0]] == []
    end(another)
