"""Adapter of subscriptions of SQS queues to SNS topics: translates, never decides.

A subscription has no tags: the owner of its queue owns it. Its ARN ends in a random id, but SNS has at most one
subscription for a topic and a queue. So the adapter finds it by its two ends, and a second Subscribe returns the first.

"Deleting an Amazon SNS topic and subscription" in the SNS Developer Guide: a subscription of a deleted topic can be
read for a while but receives nothing, even if a topic of the same name is created. So only the topic's own list proves
that a subscription exists.
"""

import json
from contextlib import suppress
from dataclasses import replace
from typing import Any

from ...errors import Gone
from ...raw_objects import json_mapping
from ..engine.call import Lane
from ..engine.decide import Desired, Observed, Phase, Step
from ..engine.pagination import pages
from ..engine.policy_documents import text
from ..engine.scope import AwsScope
from ..engine.service import AwsService


def at(scope: AwsScope, arn: str) -> AwsScope:
    """Return the scope in the region of a topic or its subscription, which may differ from the queue's region."""
    return replace(scope, region=arn.split(":")[3]) if arn else scope


class SNSSubscription:
    """One subscription, by its two ends; `known_id` is the id from the status."""

    def __init__(self, scope: AwsScope, ends: tuple[str, str], known_id: str = "", lane: Lane = Lane.MAIN) -> None:
        """Set the ARNs of topic and queue; the calls go to the topic's region."""
        self._topic, self._queue = ends
        self._arn = known_id
        self._filtered = False
        self._scope = scope
        self._leaving = lane is Lane.DELETE
        self._marks = scope.owner.marks
        what = f"subscription of {self._queue} to {self._topic}" if self._queue else f"subscription {known_id}"
        self._service = AwsService(at(scope, self._topic or known_id), "sns", what, lane)

    async def observe(self) -> Observed | None:
        """Find it in its topic's list, which shows a complete subscription or none."""
        arn = await self._listed()
        if not arn and self._leaving and self._arn and not self._scope.clients.expectations.ended(self._arn):
            arn = self._arn  # its topic is deleted: delete the subscription too if it still exists
        attributes = await self._attributes(arn) if arn else None
        if attributes is None:
            return None
        self._arn, self._filtered = arn, "FilterPolicy" in attributes
        fields = {
            "raw": attributes.get("RawMessageDelivery") == "true",
            "wider": attributes.get("FilterPolicyScope", "MessageAttributes") if "FilterPolicy" in attributes else None,
            "filter": json.loads(attributes.get("FilterPolicy") or "{}"),
            "scope": attributes.get("FilterPolicyScope", "MessageAttributes"),
            "redrive": str(json_mapping(attributes.get("RedrivePolicy")).get("deadLetterTargetArn") or ""),
        }
        return Observed(self._arn, Phase.READY, fields, self._marks)

    async def create(self, desired: Desired) -> None:
        """Subscribe; topic and queue policy belong to one account, so no confirmation is needed."""
        fields = desired.fields
        attributes = {"RawMessageDelivery": "true"}
        if fields["filter"]:
            attributes |= {"FilterPolicy": text(fields["filter"]), "FilterPolicyScope": fields["scope"]}
        if fields["redrive"].arn:
            attributes["RedrivePolicy"] = text({"deadLetterTargetArn": fields["redrive"].arn})
        await self._service.write(
            "Subscribe",
            TopicArn=self._topic,
            Protocol="sqs",
            Endpoint=self._queue,
            Attributes=attributes,
            ReturnSubscriptionArn=True,
        )

    async def modify(self, step: Step, desired: Desired | None) -> None:
        """Make the call of the step: SNS sets one attribute at a time.

        SNS stores the scope of a missing filter but does not show it, so the scope is set together with the filter.
        """
        value: Any = next(iter(step.changes.values()))
        if step.name == "filter" and desired and desired.fields["scope"] and not self._filtered:
            await self._set("FilterPolicyScope", desired.fields["scope"])
        name, written = {
            "raw": ("RawMessageDelivery", "true"),
            "filter": ("FilterPolicy", text(value) if step.name == "filter" else ""),
            "scope": ("FilterPolicyScope", value),
            # SNS refuses an empty value; without one, it removes the policy (Terraform: `putSubscriptionAttribute`)
            "redrive": ("RedrivePolicy", text({"deadLetterTargetArn": value}) if value else None),
        }[step.name]
        await self._set(name, written)

    async def delete(self) -> None:
        """Delete the subscription."""
        await self._service.write("Unsubscribe", SubscriptionArn=self._arn)
        self._scope.clients.expectations.end(self._arn)

    async def _set(self, name: str, value: str | None) -> None:
        given = {} if value is None else {"AttributeValue": value}
        await self._service.write("SetSubscriptionAttributes", SubscriptionArn=self._arn, AttributeName=name, **given)

    async def _attributes(self, arn: str) -> dict[str, str] | None:
        try:
            answer = await self._service.read("GetSubscriptionAttributes", SubscriptionArn=arn)
        except Gone:
            return None
        attributes: dict[str, str] = answer["Attributes"]
        return attributes

    async def _listed(self) -> str:
        if not self._topic:
            return ""
        with suppress(Gone):
            async for page in pages(self._service.read, "ListSubscriptionsByTopic", TopicArn=self._topic):
                for listed in page.get("Subscriptions", []):
                    ends = (listed["Protocol"], listed["Endpoint"])
                    if listed["SubscriptionArn"] == self._arn or ends == ("sqs", self._queue):
                        return str(listed["SubscriptionArn"])
        return ""
