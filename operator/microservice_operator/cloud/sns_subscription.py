"""The adapter of subscriptions of SQS queues to SNS topics: translates, never decides.

A subscription has no tags: it is whose the queue is that it leads to. Its ARN ends in a random id, but SNS keeps no two
for the same topic and queue, so it is found by its ends, and a second Subscribe answers the first's.
"""

import json
from contextlib import suppress
from dataclasses import replace
from typing import Any

from ..errors import Gone
from .clients import Lane
from .door import Door
from .pages import pages
from .place import Place
from .plan import Desired, Observed, Phase, Step
from .policy_documents import text


class SNSSubscription:
    """One subscription, by its two ends; `known_id` is what status remembers."""

    def __init__(self, place: Place, ends: tuple[str, str], known_id: str = "", lane: Lane = Lane.MAIN) -> None:
        """Name topic and queue by their ARNs; SNS answers where the topic is."""
        self._topic, self._queue = ends
        self._arn = known_id
        self._marks = place.owner.marks
        there = replace(place, region=self._topic.split(":")[3]) if self._topic else place
        self._door = Door(there, "sns", f"subscription of {self._queue} to {self._topic}", lane)

    async def observe(self) -> Observed | None:
        """By its ARN, or by its ends where that is unknown or stands for nothing any more."""
        attributes = await self._attributes() if self._arn else None
        if attributes is None:
            self._arn = await self._found()
            attributes = await self._attributes() if self._arn else None
        if attributes is None:
            return None
        fields = {
            "raw": attributes.get("RawMessageDelivery") == "true",
            "wider": attributes.get("FilterPolicyScope", "MessageAttributes"),
            "filter": json.loads(attributes.get("FilterPolicy") or "{}"),
            "scope": attributes.get("FilterPolicyScope", "MessageAttributes"),
        }
        return Observed(self._arn, Phase.READY, fields, self._marks)

    async def create(self, desired: Desired) -> None:
        """Subscribe; SNS and the queue's policy are of one account, so nobody has to confirm it."""
        fields = desired.fields
        attributes = {"RawMessageDelivery": "true"}
        if fields["filter"]:
            attributes |= {"FilterPolicy": text(fields["filter"]), "FilterPolicyScope": fields["scope"]}
        await self._door.write(
            "Subscribe",
            TopicArn=self._topic,
            Protocol="sqs",
            Endpoint=self._queue,
            Attributes=attributes,
            ReturnSubscriptionArn=True,
        )

    async def modify(self, step: Step, desired: Desired | None) -> None:  # noqa: ARG002 the port's signature
        """One call for one step: SNS sets one attribute at a time."""
        value: Any = next(iter(step.changes.values()))
        name, written = {
            "raw": ("RawMessageDelivery", "true"),
            "filter": ("FilterPolicy", text(value) if step.name == "filter" else ""),
            "scope": ("FilterPolicyScope", value),
        }[step.name]
        await self._door.write(
            "SetSubscriptionAttributes", SubscriptionArn=self._arn, AttributeName=name, AttributeValue=written
        )

    async def delete(self) -> None:
        """Unsubscribe."""
        await self._door.write("Unsubscribe", SubscriptionArn=self._arn)

    async def _attributes(self) -> dict[str, str] | None:
        try:
            answer = await self._door.read("GetSubscriptionAttributes", SubscriptionArn=self._arn)
        except Gone:
            return None
        found: dict[str, str] = answer["Attributes"]
        return found

    async def _found(self) -> str:
        if not self._topic:
            return ""
        with suppress(Gone):
            async for page in pages(self._door.read, "ListSubscriptionsByTopic", TopicArn=self._topic):
                for listed in page.get("Subscriptions", []):
                    if (listed["Protocol"], listed["Endpoint"]) == ("sqs", self._queue):
                        return str(listed["SubscriptionArn"])
        return ""
