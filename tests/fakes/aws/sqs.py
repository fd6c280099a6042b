"""SQS as AWS documents it where the emulator is kinder.

Sources are pages of the Amazon SQS API Reference: "CreateQueue" (names, the ends of names, a minute after a deletion,
an existing queue with other attributes), "DeleteQueue" (takes up to 60 seconds), "SetQueueAttributes" (ranges, one kind
of encryption, the kind of a dead letter queue), "GetQueueUrl" and "Common Errors". Codes and texts are those that
`tests/aws/facts.yaml` has of AWS.
"""

import json
import re
from dataclasses import dataclass, field, replace
from typing import Any

from tests.fakes.aws.proxy import Answer, Call, Emulator

DOCUMENTS = ("Policy", "RedrivePolicy", "RedriveAllowPolicy")  # what they say counts, not how it is written
QUERY_CODES = {
    "InvalidParameterValueException": "InvalidParameterValue",
    "QueueDeletedRecently": "AWS.SimpleQueueService.QueueDeletedRecently",
    "QueueDoesNotExist": "AWS.SimpleQueueService.NonExistentQueue",
    "QueueNameExists": "QueueAlreadyExists",
}
RANGES = {
    "DelaySeconds": (0, 900),
    "MessageRetentionPeriod": (60, 1_209_600),
    "ReceiveMessageWaitTimeSeconds": (0, 20),
    "VisibilityTimeout": (0, 43_200),
}


@dataclass
class StrictSQS:
    """A layer of the proxy; a deleted queue lingers for so many looks, its name for so many attempts more."""

    absent_looks: int = 0
    lingering_looks: int = 1
    recent_attempts: int = 1
    _absent: dict[str, int] = field(default_factory=dict)
    _lingering: dict[str, int] = field(default_factory=dict)
    _recent: dict[str, int] = field(default_factory=dict)

    def __call__(self, call: Call, emulator: Emulator) -> Answer:
        name = call.body.get("QueueName") or call.body.get("QueueUrl", "").rpartition("/")[2]
        match call.action:
            case "CreateQueue":
                return self._refused(name, call, emulator) or self._create(name, call, emulator)
            case "SetQueueAttributes":
                return _refused_attributes(name, call, emulator) or emulator(_as_aws_sets(call, emulator))
            case "DeleteQueue":
                self._lingering.setdefault(name, self.lingering_looks)
                return emulator(call) if self._lingering[name] == 0 else Answer(200, {})
            case "GetQueueUrl":
                return self._look(name, emulator(call), call, emulator)
        return _as_aws_shows(call.action, emulator(call))

    def _create(self, name: str, call: Call, emulator: Emulator) -> Answer:
        before = emulator(Call(call.service, "GetQueueUrl", {"QueueName": name}))
        answer = emulator(call)
        if answer.status == 200 and before.status != 200:
            self._absent[name] = self.absent_looks
        return answer

    def _look(self, name: str, answer: Answer, call: Call, emulator: Emulator) -> Answer:
        if self._absent.get(name, 0) > 0:
            self._absent[name] -= 1
            return _none()
        if name in self._lingering and answer.status != 200:
            del self._lingering[name]
            self._recent[name] = self.recent_attempts
        if name in self._lingering:
            if self._lingering[name] == 0:
                del self._lingering[name]
                self._recent[name] = self.recent_attempts
                emulator(Call(call.service, "DeleteQueue", {"QueueUrl": answer.body["QueueUrl"]}))
                return _none()
            self._lingering[name] -= 1
        return answer

    def _refused(self, name: str, call: Call, emulator: Emulator) -> Answer | None:
        attributes = call.body.get("Attributes", {})
        if not re.fullmatch(r"[A-Za-z0-9_-]{1,80}|[A-Za-z0-9_-]{1,75}\.fifo", name):
            return sqs_refusal(
                "InvalidParameterValueException", "Can only include alphanumeric characters, hyphens or underscores"
            )
        if name.endswith(".fifo") != (attributes.get("FifoQueue", "").lower() == "true"):
            return sqs_refusal("InvalidParameterValueException", "The name of a FIFO queue can only end with .fifo")
        if self._recent.get(name, 0) > 0:
            self._recent[name] -= 1
            message = (
                "You must wait 60 seconds after deleting a queue before you can create another with the same name."
            )
            return sqs_refusal("QueueDeletedRecently", message)
        refused = _refused_attributes(name, call, emulator)
        there = emulator(Call(call.service, "GetQueueUrl", {"QueueName": name}))
        if refused or there.status != 200:
            return refused
        asked = {"QueueUrl": there.body["QueueUrl"], "AttributeNames": ["All"]}
        present = emulator(Call(call.service, "GetQueueAttributes", asked)).body["Attributes"]
        for key, value in attributes.items():
            if key not in DOCUMENTS and present.get(key, "").lower() != value.lower():
                text = f"A queue already exists with the same name and a different value for attribute {key}"
                return sqs_refusal("QueueNameExists", text)
        return None


def _refused_attributes(name: str, call: Call, emulator: Emulator) -> Answer | None:
    attributes: dict[str, str] = call.body.get("Attributes", {})
    refused = _refused_fifo(name, call.action, attributes)
    if refused:
        return refused
    for key, (low, high) in RANGES.items():
        if key in attributes and not low <= int(attributes[key]) <= high:
            return sqs_refusal("InvalidAttributeValue", f"Invalid value for the parameter {key}.")
    if attributes.get("KmsMasterKeyId") and attributes.get("SqsManagedSseEnabled") == "true":
        text = (
            "You can use one type of server-side encryption (SSE) at one time. "
            "You can either enable KMS SSE or SQS SSE."
        )
        return sqs_refusal("InvalidAttributeName", text)
    if attributes.get("Policy"):
        for statement in json.loads(attributes["Policy"])["Statement"]:
            if not {"Effect", "Principal", "Action", "Resource"} <= statement.keys():
                return sqs_refusal("InvalidAttributeValue", "Invalid value for the parameter Policy.")
    return _refused_redrive(name, attributes.get("RedrivePolicy", ""), call, emulator)


def _refused_fifo(name: str, action: str, attributes: dict[str, str]) -> Answer | None:
    if name.endswith(".fifo"):
        if action == "SetQueueAttributes" and attributes.get("FifoQueue", "true").lower() != "true":
            text = "Invalid value for the parameter FifoQueue. Reason: Modifying queue type is not supported."
            return sqs_refusal("InvalidAttributeValue", text)
        return None
    for key in ("FifoQueue", "ContentBasedDeduplication"):
        if key in attributes:
            return sqs_refusal("InvalidAttributeName", f"Unknown Attribute {key}.")
    for key in ("DeduplicationScope", "FifoThroughputLimit"):
        if key in attributes:
            text = f"You can specify the {key} only when FifoQueue is set to true."
            return sqs_refusal("InvalidAttributeName", text)
    return None


def _as_aws_sets(call: Call, emulator: Emulator) -> Call:
    """One type of encryption replaces the other, and an omitted policy stays; the emulator deletes it."""
    asked = {"QueueUrl": call.body["QueueUrl"], "AttributeNames": ["Policy"]}
    present: dict[str, str] = emulator(Call(call.service, "GetQueueAttributes", asked)).body.get("Attributes", {})
    attributes = {**present, **call.body.get("Attributes", {})}
    if attributes.get("KmsMasterKeyId"):
        attributes["SqsManagedSseEnabled"] = "false"
    elif attributes.get("SqsManagedSseEnabled") == "true":
        attributes["KmsMasterKeyId"] = ""
    return Call(call.service, call.action, {**call.body, "Attributes": attributes})


def _refused_redrive(name: str, policy: str, call: Call, emulator: Emulator) -> Answer | None:
    if not policy:
        return None
    redrive = json.loads(policy)
    target = redrive["deadLetterTargetArn"].rpartition(":")[2]
    if not 1 <= int(redrive["maxReceiveCount"]) <= 1000 or target.endswith(".fifo") != name.endswith(".fifo"):
        return sqs_refusal("InvalidParameterValueException", f"Value {policy} for parameter RedrivePolicy is invalid.")
    if emulator(Call(call.service, "GetQueueUrl", {"QueueName": target})).status != 200:
        return sqs_refusal(
            "InvalidParameterValueException", f"Value {policy} for parameter RedrivePolicy is invalid. No such queue."
        )
    return None


def sqs_refusal(code: str, message: str) -> Answer:
    """With the code of old in a header, which botocore shows first."""
    query = f"{QUERY_CODES.get(code, code)};Sender"
    body = {"__type": f"com.amazonaws.sqs#{code}", "message": message}
    return Answer(400, body, query_error=query)


def _none() -> Answer:
    return sqs_refusal("QueueDoesNotExist", "The specified queue does not exist.")


def _as_aws_shows(action: str, answer: Answer) -> Answer:
    if action == "ListQueueTags" and not answer.body.get("Tags", True):
        return replace(answer, body={})
    return _reformatted(answer) if action == "GetQueueAttributes" else answer


def _reformatted(answer: Answer) -> Answer:
    """AWS keeps what a policy says, not how it was written: "IAM JSON policy elements" lets a list of one be none."""
    attributes: dict[str, Any] = answer.body.get("Attributes", {}) if answer.status == 200 else {}
    if attributes.get("Policy"):
        attributes["Policy"] = json.dumps(_other_way(json.loads(attributes["Policy"])), indent=2)
    if attributes.get("RedrivePolicy"):
        redrive = json.loads(attributes["RedrivePolicy"])
        attributes["RedrivePolicy"] = json.dumps({**redrive, "maxReceiveCount": str(redrive["maxReceiveCount"])})
    return answer


def _other_way(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _other_way(entry) for key, entry in reversed(value.items())}
    if isinstance(value, list):
        return _other_way(value[0]) if len(value) == 1 else [_other_way(entry) for entry in reversed(value)]
    return value
