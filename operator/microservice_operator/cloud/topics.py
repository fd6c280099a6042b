"""SNS topics of a Microservice: what the walk calls."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from ..api.messaging import Topic
from ..facts import Part
from ..ownership import Owner
from .clients import Lane
from .messaging_kinds import TOPIC, topic_policy
from .messaging_names import candidates, topic_arns
from .place import Place
from .plan import Desired, Leaving
from .settling import let_go, settle
from .sns import SNSTopic
from .tags import desired_tags


@dataclass(frozen=True)
class WantedTopic:
    """A declared topic; `key` encrypts it, "" leaves that to SNS. `tags` are the Environment's and the service's."""

    spec: Topic
    tags: Mapping[str, str] = field(default_factory=dict)
    key: str = ""
    known_id: str = ""
    field: str = "spec.topics"


async def reconcile_topic(place: Place, wanted: WantedTopic) -> Part:
    """Take at most one step towards a declared topic."""
    spec = wanted.spec
    arns = topic_arns(place, spec.name, fifo=spec.fifo)
    fields = topic_fields(place.owner, wanted, arns[0])
    desired = Desired(spec.name, place.owner, fields, wanted.known_id, recreate=True, at=wanted.field)
    return await settle(place, SNSTopic(place, candidates(arns, wanted.known_id)), TOPIC, desired)


def topic_fields(owner: Owner, wanted: WantedTopic, arn: str) -> dict[str, Any]:
    """What a declared topic is to be."""
    spec = wanted.spec
    return {
        "fifo": spec.fifo,
        "tags": desired_tags(owner, wanted.tags),
        "policy": topic_policy(arn),
        "key": wanted.key,
        "deduplication": spec.content_based_deduplication if spec.fifo else None,
    }


async def delete_topic(place: Place, leaving: Leaving) -> Part:
    """Take at most one step towards letting a topic go by its policy."""
    arns = (leaving.known_id,) if leaving.known_id else topic_arns(place, leaving.name)
    return await let_go(place, SNSTopic(place, arns, Lane.DELETE), TOPIC, leaving)
