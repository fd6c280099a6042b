"""SNS as AWS documents it where the emulator is kinder.

Sources are pages of the Amazon SNS API Reference: "CreateTopic" (names, an existing topic with other attributes or
tags), "Subscribe" (an existing subscription with other attributes), "ListSubscriptionsByTopic" (comes in pages), and of
its Developer Guide: "Amazon SNS message delivery for FIFO topics" (no FIFO queue hears a standard topic), "Subscription
filter policy constraints" and "Subscription filter policy scope" (five keys; what is nested is of bodies), "Deleting an
Amazon SNS topic and subscription" (subscriptions outlive their topic, and hear nothing; recorded of AWS on 2026-01-12
by localstack/localstack, `test_delete_subscriptions_on_delete_topic`).
"""

import json
import re
from dataclasses import dataclass, field
from typing import Any

from tests.fakes.aws.proxy import Answer, Call, Emulator, xml_refusal


@dataclass
class StrictSNS:
    """A layer of the proxy; `client` goes straight to the emulator."""

    client: Any
    absent_looks: int = 0
    _absent: dict[str, int] = field(default_factory=dict)
    _scopes: dict[str, str] = field(default_factory=dict)  # kept, and not shown where there is no filter
    _attributes: dict[str, Answer] = field(default_factory=dict)  # of subscriptions, as they were seen last

    def __call__(self, call: Call, emulator: Emulator) -> Answer:
        arn = call.body.get("TopicArn") or call.body.get("ResourceArn", "")
        if call.action in ("GetTopicAttributes", "ListTagsForResource") and self._absent.get(arn, 0) > 0:
            self._absent[arn] -= 1
            return xml_refusal("NotFound", "Topic does not exist", 404)
        refused = self._refused(call)
        if refused:
            return refused
        if call.action in ("GetSubscriptionAttributes", "Unsubscribe"):
            return self._of_subscription(call, emulator)
        if call.action == "CreateTopic" and not self._present(call.body["Name"]):
            self._absent[f"arn:aws:sns:us-east-1:123456789012:{call.body['Name']}"] = self.absent_looks
        return emulator(call)

    def _of_subscription(self, call: Call, emulator: Emulator) -> Answer:
        arn, answer = call.body["SubscriptionArn"], emulator(call)
        if call.action == "Unsubscribe":
            if self._topic_of(arn):
                self._attributes.pop(arn, None)
            return answer
        if answer.status == 200:
            self._attributes[arn] = answer
        return self._attributes.get(arn, answer)

    def _topic_of(self, subscription: str) -> bool:
        topic = subscription.rpartition(":")[0]
        return topic in [listed["TopicArn"] for listed in self.client.list_topics()["Topics"]]

    def _refused(self, call: Call) -> Answer | None:
        body = call.body
        match call.action:
            case "CreateTopic":
                return self._refused_topic(body)
            case "Subscribe":
                return self._refused_subscription(body)
            case "SetSubscriptionAttributes" if body["AttributeName"] in ("FilterPolicy", "FilterPolicyScope"):
                arn = body["SubscriptionArn"]
                if body["AttributeName"] == "FilterPolicyScope":
                    self._scopes[arn] = body["AttributeValue"]
                attributes = self.client.get_subscription_attributes(SubscriptionArn=arn)["Attributes"]
                kept = {"FilterPolicyScope": self._scopes[arn]} if arn in self._scopes else {}
                return _refused_filter({**attributes, **kept, body["AttributeName"]: body["AttributeValue"]})
        return None

    def _refused_topic(self, body: dict[str, str]) -> Answer | None:
        name, attributes = body["Name"], _entries(body, "Attributes")
        if not re.fullmatch(r"[A-Za-z0-9_-]{1,256}|[A-Za-z0-9_-]{1,251}\.fifo", name):
            return _invalid("Topic Name")
        if name.endswith(".fifo") != (attributes.get("FifoTopic") == "true"):
            return _invalid("Fifo Topic names must end with .fifo")
        arn = self._present(name)
        if not arn:
            return None
        listed = self.client.list_tags_for_resource(ResourceArn=arn)["Tags"]
        if {tag["Key"]: tag["Value"] for tag in listed} != _tags(body):
            return _invalid("Tags Reason: Topic already exists with different tags")
        return None

    def _refused_subscription(self, body: dict[str, str]) -> Answer | None:
        attributes = _entries(body, "Attributes")
        topic, queue = body["TopicArn"], body["Endpoint"]
        if queue.endswith(".fifo") and not topic.endswith(".fifo"):
            return _invalid("Endpoint Reason: FIFO SQS Queues can not be subscribed to standard SNS topics")
        listed = self.client.list_subscriptions_by_topic(TopicArn=topic)["Subscriptions"]
        for arn in (each["SubscriptionArn"] for each in listed if each["Endpoint"] == queue):
            present = self.client.get_subscription_attributes(SubscriptionArn=arn)["Attributes"]
            if any(present.get(key) != value for key, value in attributes.items()):
                return _invalid("Attributes Reason: Subscription already exists with different attributes")
        return _refused_filter(attributes)

    def _present(self, name: str) -> str:
        arns = [topic["TopicArn"] for topic in self.client.list_topics()["Topics"]]
        return next((arn for arn in arns if arn.rpartition(":")[2] == name), "")


def _refused_filter(attributes: dict[str, str]) -> Answer | None:
    try:
        policy = json.loads(attributes.get("FilterPolicy") or "{}")
    except ValueError:
        return _invalid("FilterPolicy: failed to parse JSON")
    if not isinstance(policy, dict) or len(policy) > 5:
        return _invalid("FilterPolicy: Filter policy can not have more than 5 keys")
    nested = any(isinstance(value, dict) for value in policy.values())
    if nested and attributes.get("FilterPolicyScope", "MessageAttributes") == "MessageAttributes":
        return _invalid("FilterPolicy: Filter policy scope MessageAttributes does not support nested filter policy")
    return None


def _invalid(what: str) -> Answer:
    return xml_refusal("InvalidParameter", f"Invalid parameter: {what}")


def _entries(body: dict[str, str], name: str) -> dict[str, str]:
    """`Attributes.entry.1.key=K&Attributes.entry.1.value=V` → {K: V}."""
    keys = {key: value for key, value in body.items() if re.fullmatch(rf"{name}\.entry\.\d+\.key", key)}
    return {value: body[key.removesuffix("key") + "value"] for key, value in keys.items()}


def _tags(body: dict[str, str]) -> dict[str, str]:
    keys = {key: value for key, value in body.items() if re.fullmatch(r"Tags\.member\.\d+\.Key", key)}
    return {value: body[key.removesuffix("Key") + "Value"] for key, value in keys.items()}
