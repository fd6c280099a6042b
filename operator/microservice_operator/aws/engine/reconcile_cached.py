"""A pass over a part whose adapter and fields say all there is to know of it: recalled if nothing was to do lately."""

from dataclasses import replace

from ...facts import Part
from .decide import Desired, Leaving
from .fields import Kind
from .reconcile import Resource, reconcile, remove
from .scope import Place


async def settle(place: Place, resource: Resource, kind: Kind, desired: Desired) -> Part:
    """Take at most one step towards a wanted part, and say how it stands.

    Never raises an OperatorError: what went wrong is in the part. Give `Part.id` back as `known_id`.
    """
    key = (place.owner.identity.uid, kind.name, desired.name)
    sight = replace(desired, known_id="")
    recalled = place.settled.recall(key, sight)
    if recalled:
        return recalled
    outcome = await reconcile(place, resource, kind, desired)
    if outcome.settled:
        place.settled.keep(key, sight, outcome.part)
    return place.settled.news(key, outcome.part)


async def let_go(place: Place, resource: Resource, kind: Kind, leaving: Leaving) -> Part:
    """Take at most one step towards letting a part go; it is over when the state is Ready (gone) or Retained."""
    place.settled.drop((place.owner.identity.uid, kind.name, leaving.name))
    return await remove(place, resource, kind, leaving)
