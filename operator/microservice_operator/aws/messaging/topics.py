"""SNS topics of a Microservice: what the walk calls."""

from ...facts import Part
from ..engine.call import Lane
from ..engine.decide import Desired, Leaving
from ..engine.reconcile_cached import let_go, settle
from ..engine.scope import Place
from .desired import WantedTopic, topic_fields
from .fields import TOPIC
from .names import candidates, topic_arns
from .topic_adapter import SNSTopic


async def reconcile_topic(place: Place, wanted: WantedTopic) -> Part:
    """Take at most one step towards a declared topic."""
    spec = wanted.spec
    arns = topic_arns(place, spec.name, fifo=spec.fifo)
    fields = topic_fields(place.owner, wanted, arns[0])
    desired = Desired(spec.name, place.owner, fields, wanted.known_id, recreate=True, at=wanted.field)
    return await settle(place, SNSTopic(place, candidates(arns, wanted.known_id)), TOPIC, desired)


async def delete_topic(place: Place, leaving: Leaving) -> Part:
    """Take at most one step towards letting a topic go by its policy."""
    arns = (leaving.known_id,) if leaving.known_id else topic_arns(place, leaving.name)
    return await let_go(place, SNSTopic(place, arns, Lane.DELETE), TOPIC, leaving)
