"""Tags of every allowed form on everything: set, changed, removed, and never more than a resource has room for."""

from microservice_operator import names
from microservice_operator.api.tags import tag_labels
from microservice_operator.ownership import OWN_TAGS, TAGS_OF_A_RESOURCE

from .holdings import shared
from .world import World

ODD = {
    "Cost Centre": "4711 / R+D",
    "owner": "shop@example.org",
    "a/b:c=d+e-f.g_h@i": "arn:aws:iam::1:role/x=y",
    "-": "",
}
LONG = {f"{number:02} /".ljust(127, "k"): "v" * 256 for number in range(39)}
ROOM = TAGS_OF_A_RESOURCE - OWN_TAGS


async def test_every_form_of_tag_on_everything(world: World) -> None:
    world.environment_tags = dict(list(LONG.items())[:20])
    own = {**ODD, **dict(list(LONG.items())[20:])}
    assert len(world.environment_tags) + len(own) == ROOM
    assert not tag_labels(world.environment_tags)
    spec = {**world.every_part(), "tags": own}
    await world.ready(spec)
    world.aws.rds.settle()
    await world.ready(spec)
    await world.quiet(spec)
    for what, tags in world.holdings().items():
        expected = world.environment_tags if what.split()[0] in ("Role", "PodIdentityAssociation") else own
        assert tags.items() >= {**world.environment_tags, **expected}.items(), what
        assert len(tags) <= TAGS_OF_A_RESOURCE
    for what, tags in shared(world.aws, world.environment.name).items():
        assert tags.items() >= world.environment_tags.items(), what
    world.environment_tags = {"team": "a b"}
    other = {**spec, "tags": {"Owner:": "b"}}
    await world.ready(other)
    await world.quiet(other)
    kept = {key for tags in world.holdings().values() for key in tags if not key.startswith(names.GROUP)}
    assert kept == {"team", "Owner:"}
