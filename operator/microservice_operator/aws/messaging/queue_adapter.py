"""Adapter of SQS queues: translates between fields and the calls of SQS, never decides."""

import asyncio
import json
from collections.abc import Mapping
from typing import Any

from ...errors import Gone
from ..engine.arns import FIFO
from ..engine.call import Lane
from ..engine.decide import Desired, Observed, Phase, Step
from ..engine.policy_documents import text
from ..engine.scope import AwsScope
from ..engine.service import AwsService
from ..engine.tags import Tag
from .fields import OWN_KEYS


class SQSQueue:
    """One queue, by its possible names: the name of a first-in-first-out queue ends in `.fifo`."""

    def __init__(self, scope: AwsScope, names: tuple[str, ...], lane: Lane = Lane.MAIN) -> None:
        """Set the queue's possible names; creation uses the first."""
        self._names = names
        self._url = ""
        self._service = AwsService(scope, "sqs", f"queue {names[0]}", lane)

    async def observe(self) -> Observed | None:
        """Read its URL by name, then attributes and tags concurrently."""
        for name in self._names:
            try:
                self._url = (await self._service.read("GetQueueUrl", QueueName=name))["QueueUrl"]
                request = self._service.read("GetQueueAttributes", QueueUrl=self._url, AttributeNames=["All"])
                answer, tagged = await asyncio.gather(request, self._service.read("ListQueueTags", QueueUrl=self._url))
            except Gone:
                continue
            attributes, tags = answer["Attributes"], tagged.get("Tags", {})
            return Observed(attributes["QueueArn"], Phase.READY, {**_fields(attributes), "tags": tags}, tags)
        return None

    async def create(self, desired: Desired) -> None:
        """Create it with its tags in one call; a second call with the same attributes returns the same queue."""
        fields = desired.fields
        fifo = {"FifoQueue": "true"} if fields["fifo"] else {}
        changes = {key: value for key, value in fields.items() if key not in ("fifo", "tags")}
        await self._service.write(
            "CreateQueue",
            QueueName=self._names[0],
            Attributes={**fifo, **{key: value for key, value in _attributes(changes).items() if value}},
            tags=dict(fields["tags"]),
        )

    async def modify(self, step: Step, desired: Desired | None) -> None:  # noqa: ARG002 the port's signature
        """Make the one call of the step."""
        value: Any = step.changes.get("tags")
        if isinstance(value, Tag):
            await self._service.write("TagQueue", QueueUrl=self._url, Tags=dict(value.tags))
        elif value is not None:
            await self._service.write("UntagQueue", QueueUrl=self._url, TagKeys=list(value.keys))
        else:
            await self._service.write("SetQueueAttributes", QueueUrl=self._url, Attributes=_attributes(step.changes))

    async def delete(self) -> None:
        """Delete it; SQS may show it for up to a minute, and accepts no new queue of the name until then."""
        await self._service.write("DeleteQueue", QueueUrl=self._url)


def _fields(attributes: Mapping[str, str]) -> dict[str, Any]:
    redrive = json.loads(attributes.get("RedrivePolicy") or "{}")
    fifo = attributes["QueueArn"].endswith(FIFO)
    own = attributes.get("SqsManagedSseEnabled") == "true"
    return {
        "fifo": fifo,
        "policy": json.loads(attributes.get("Policy") or "{}"),
        "encryption": attributes.get("KmsMasterKeyId") or (OWN_KEYS if own else ""),
        "visibility": int(attributes["VisibilityTimeout"]),
        "retention": int(attributes["MessageRetentionPeriod"]),
        "delay": int(attributes["DelaySeconds"]),
        "wait": int(attributes["ReceiveMessageWaitTimeSeconds"]),
        "redrive": (redrive["deadLetterTargetArn"], int(redrive["maxReceiveCount"])) if redrive else None,
        "deduplication": attributes.get("ContentBasedDeduplication") == "true" if fifo else None,
    }


def _attributes(changes: Mapping[str, Any]) -> dict[str, str]:
    """Return fields as attributes of SQS, which are strings; an empty one removes the current value."""
    attributes: dict[str, str] = {}
    for name, value in changes.items():
        match name:
            case "policy":
                attributes["Policy"] = text(value)
            case "encryption" if value == OWN_KEYS:
                attributes |= {"KmsMasterKeyId": "", "SqsManagedSseEnabled": "true"}
            case "encryption":
                attributes["KmsMasterKeyId"] = value
            case "visibility":
                attributes["VisibilityTimeout"] = str(value)
            case "retention":
                attributes["MessageRetentionPeriod"] = str(value)
            case "delay":
                attributes["DelaySeconds"] = str(value)
            case "wait":
                attributes["ReceiveMessageWaitTimeSeconds"] = str(value)
            case "redrive":
                attributes["RedrivePolicy"] = _redrive(value)
            case "deduplication" if value is not None:
                attributes["ContentBasedDeduplication"] = str(value).lower()
    return attributes


def _redrive(value: tuple[str, int] | None) -> str:
    return text({"deadLetterTargetArn": value[0], "maxReceiveCount": value[1]}) if value else ""
