"""SNS as AWS documents it where the emulator is kinder.

Sources are pages of the Amazon SNS API Reference: "CreateTopic" (names, an existing topic with other attributes or
tags), "Subscribe" (an existing subscription with other attributes), "ListSubscriptionsByTopic" (comes in pages), and of
its Developer Guide: "Amazon SNS dead-letter queues" (of one account and Region with the subscription), "Amazon SNS
message delivery for FIFO topics" (no FIFO queue hears a standard topic), "Subscription filter policy constraints" and
"Subscription filter policy scope" (five keys; what is nested is of bodies), "Deleting an Amazon SNS topic and
subscription" (subscriptions outlive their topic, and hear nothing; recorded of AWS on 2026-01-12 by
localstack/localstack, `test_delete_subscriptions_on_delete_topic`). That one which was unsubscribed is shown for a
while is noted there, too: `test_not_found_error_on_set_subscription_attributes`.
"""

import json
import re
from dataclasses import dataclass, field
from typing import Any

from tests.fakes.aws.proxy import Answer, Call, Emulator, xml_refusal
from tests.fakes.aws.sns_filters import invalid, refused_filter

TOPICS = "arn:aws:sns:us-east-1:123456789012:"
TARGET = "arn:aws:sqs:us-east-1:123456789012:"
TRUTHS = ("true", "false")
UNSAID = {"FifoTopic": "false"}  # attributes of a topic that AWS takes for given
DEFAULTS = {"FilterPolicyScope": "MessageAttributes", "RawMessageDelivery": "false"}
SUBSCRIPTION = ("DeliveryPolicy", "FilterPolicy", "FilterPolicyScope", "RawMessageDelivery", "RedrivePolicy")


@dataclass
class StrictSNS:
    """A layer of the proxy; `client` goes straight to the emulator."""

    client: Any
    absent_looks: int = 0
    lingering_looks: int = 1  # GetSubscriptionAttributes shows one that was unsubscribed, while all else does not
    _absent: dict[str, int] = field(default_factory=dict)
    _scopes: dict[str, str] = field(default_factory=dict)  # kept, and not shown where there is no filter
    _attributes: dict[str, Answer] = field(default_factory=dict)  # of subscriptions that are gone and still shown
    _lingering: dict[str, int] = field(default_factory=dict)

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
        if call.action == "DeleteTopic" and self._present(arn):
            self._keep_subscriptions(call, emulator)
        if call.action == "CreateTopic" and not self._present(f"{TOPICS}{call.body['Name']}"):
            self._absent[f"{TOPICS}{call.body['Name']}"] = self.absent_looks
        return emulator(call)

    def _of_subscription(self, call: Call, emulator: Emulator) -> Answer:
        arn = call.body["SubscriptionArn"]
        if call.action == "Unsubscribe":
            before = emulator(Call("sns", "GetSubscriptionAttributes", call.body))
            if before.status == 200:
                self._attributes[arn], self._lingering[arn] = before, self.lingering_looks
            elif self._present(arn.rpartition(":")[0]):
                self._attributes.pop(arn, None)
            return emulator(call)
        answer = emulator(call)
        if answer.status == 200 or self._lingering.get(arn) == 0:
            return answer
        if arn in self._lingering:
            self._lingering[arn] -= 1
        return self._attributes.get(arn, answer)

    def _keep_subscriptions(self, call: Call, emulator: Emulator) -> None:
        for listed in self.client.list_subscriptions_by_topic(TopicArn=call.body["TopicArn"])["Subscriptions"]:
            asked = {**call.body, "SubscriptionArn": listed["SubscriptionArn"]}
            self._attributes[asked["SubscriptionArn"]] = emulator(Call("sns", "GetSubscriptionAttributes", asked))

    def _refused(self, call: Call) -> Answer | None:
        body = call.body
        for name in ("TopicArn", "SubscriptionArn", "ResourceArn"):
            elements = len(body.get(name, "::::::").split(":"))
            if elements < 6:
                return invalid(f"{name} Reason: An ARN must have at least 6 elements, not {elements}")
        match call.action:
            case "TagResource" if len(_tags(body)) < sum(key.endswith(".Key") for key in body):
                return invalid("Duplicated keys are not allowed.")
            case "CreateTopic":
                return self._refused_topic(body)
            case "Subscribe":
                return self._refused_subscription(body)
            case "SetSubscriptionAttributes":
                return self._refused_change(body["SubscriptionArn"], body["AttributeName"], body.get("AttributeValue"))
        return None

    def _refused_change(self, arn: str, name: str, given: str | None) -> Answer | None:
        if name == "RedrivePolicy" and given == "":  # a request without a value removes the policy
            return invalid("RedrivePolicy: Reason: invalid JSON")  # Terraform's provider, `putSubscriptionAttribute`
        value = given or ""
        try:
            present = self.client.get_subscription_attributes(SubscriptionArn=arn)["Attributes"]
        except self.client.exceptions.NotFoundException:
            return xml_refusal("NotFound", "Subscription does not exist", 404)
        if name not in SUBSCRIPTION:
            return invalid("AttributeName")
        kept = {"FilterPolicyScope": self._scopes[arn]} if arn in self._scopes else {}
        refused = _refused_values({name: value}) or refused_filter({**present, **kept, name: value})
        if name == "FilterPolicyScope" and not refused:
            self._scopes[arn] = value
        return refused

    def _refused_topic(self, body: dict[str, str]) -> Answer | None:
        name, attributes = body["Name"], _entries(body, "Attributes")
        if not re.fullmatch(r"[A-Za-z0-9_-]{1,256}|[A-Za-z0-9_-]{1,251}\.fifo", name):
            return invalid("Topic Name")
        if name.endswith(".fifo") != (attributes.get("FifoTopic") == "true"):
            return invalid("Topic Name")
        arn = f"{TOPICS}{name}"
        if not self._present(arn):
            return None
        present = {**UNSAID, **self.client.get_topic_attributes(TopicArn=arn)["Attributes"]}
        if any(present.get(key) != value for key, value in attributes.items()):
            return invalid("Attributes Reason: Topic already exists with different attributes")
        listed = self.client.list_tags_for_resource(ResourceArn=arn)["Tags"]
        if not _tags(body).items() <= {tag["Key"]: tag["Value"] for tag in listed}.items():
            return invalid("Tags Reason: Topic already exists with different tags")
        return None

    def _refused_subscription(self, body: dict[str, str]) -> Answer | None:
        attributes = _entries(body, "Attributes")
        topic, queue = body["TopicArn"], body["Endpoint"]
        if not self._present(topic):
            return xml_refusal("NotFound", "Topic does not exist", 404)
        if not queue.startswith("arn:"):
            return invalid("SQS endpoint ARN")
        if queue.endswith(".fifo") and not topic.endswith(".fifo"):
            text = "Endpoint Reason: FIFO SQS Queues can not be subscribed to standard SNS topics"
            return invalid(f"Invalid parameter: {text}")  # AWS says it twice
        listed = self.client.list_subscriptions_by_topic(TopicArn=topic)["Subscriptions"]
        for arn in (each["SubscriptionArn"] for each in listed if each["Endpoint"] == queue):
            present = {**DEFAULTS, **self.client.get_subscription_attributes(SubscriptionArn=arn)["Attributes"]}
            if any(present.get(key) != value for key, value in attributes.items()):
                return invalid("Attributes Reason: Subscription already exists with different attributes")
        said = "Attributes Reason: "
        return _refused_values(attributes, said) or refused_filter(attributes, said)

    def _present(self, arn: str) -> bool:
        try:
            self.client.get_topic_attributes(TopicArn=arn)
        except self.client.exceptions.NotFoundException:
            return False
        return True


def _refused_values(attributes: dict[str, str], said: str = "") -> Answer | None:
    raw, redrive = attributes.get("RawMessageDelivery"), attributes.get("RedrivePolicy")
    if raw is not None and raw.lower() not in TRUTHS:
        return invalid(f"{said}RawMessageDelivery: Invalid value [{raw}]. Must be true or false.")
    target = json.loads(redrive)["deadLetterTargetArn"] if redrive else TARGET
    if not target.startswith("arn:"):
        return invalid(f"{said}RedrivePolicy: deadLetterTargetArn is an invalid arn")
    if not target.startswith(TARGET):  # "Amazon SNS dead-letter queues": the same account and Region
        return invalid(f"{said}RedrivePolicy: deadLetterTargetArn must be in the account and Region of the topic")
    return None


def _entries(body: dict[str, str], name: str) -> dict[str, str]:
    """`Attributes.entry.1.key=K&Attributes.entry.1.value=V` → {K: V}."""
    keys = {key: value for key, value in body.items() if re.fullmatch(rf"{name}\.entry\.\d+\.key", key)}
    return {value: body[key.removesuffix("key") + "value"] for key, value in keys.items()}


def _tags(body: dict[str, str]) -> dict[str, str]:
    keys = {key: value for key, value in body.items() if re.fullmatch(r"Tags\.member\.\d+\.Key", key)}
    return {value: body[key.removesuffix("Key") + "Value"] for key, value in keys.items()}
