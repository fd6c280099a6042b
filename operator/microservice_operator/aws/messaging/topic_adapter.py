"""Adapter of SNS topics: translates between fields and the calls of SNS, never decides."""

import json
from typing import Any

from ...errors import Gone
from ..engine.arns import FIFO, name_in_arn
from ..engine.call import Lane
from ..engine.decide import Desired, Observed, Phase, Step
from ..engine.policy_documents import text
from ..engine.scope import AwsScope
from ..engine.service import AwsService
from ..engine.tags import Tag


class SNSTopic:
    """One topic, by its possible ARNs: the ARN of a first-in-first-out topic ends in `.fifo`."""

    def __init__(self, scope: AwsScope, arns: tuple[str, ...], lane: Lane = Lane.MAIN) -> None:
        """Set the topic's possible ARNs; creation uses the first."""
        self._arns = arns
        self._arn = arns[0]
        self._service = AwsService(scope, "sns", f"topic {name_in_arn(arns[0])}", lane)

    async def observe(self) -> Observed | None:
        """Read attributes, then tags."""
        for arn in self._arns:
            try:
                answer = await self._service.read("GetTopicAttributes", TopicArn=arn)
                tagged = await self._service.read("ListTagsForResource", ResourceArn=arn)
            except Gone:
                continue
            self._arn, attributes = arn, answer["Attributes"]
            tags = {tag["Key"]: tag["Value"] for tag in tagged.get("Tags", [])}
            fifo = arn.endswith(FIFO)
            fields = {
                "fifo": fifo,
                "tags": tags,
                "policy": json.loads(attributes.get("Policy") or "{}"),
                "key": attributes.get("KmsMasterKeyId", ""),
                "deduplication": attributes.get("ContentBasedDeduplication") == "true" if fifo else None,
            }
            return Observed(arn, Phase.READY, fields, tags)
        return None

    async def create(self, desired: Desired) -> None:
        """Create it with its tags in one call; a second identical call returns the same topic."""
        fields = desired.fields
        attributes = {"Policy": text(fields["policy"])}
        if fields["key"]:
            attributes["KmsMasterKeyId"] = fields["key"]
        if fields["fifo"]:
            attributes |= {"FifoTopic": "true", "ContentBasedDeduplication": str(fields["deduplication"]).lower()}
        tags = [{"Key": key, "Value": value} for key, value in sorted(fields["tags"].items())]
        await self._service.write("CreateTopic", Name=name_in_arn(self._arns[0]), Attributes=attributes, Tags=tags)

    async def modify(self, step: Step, desired: Desired | None) -> None:  # noqa: ARG002 the port's signature
        """Make the one call of the step: SNS sets one attribute at a time."""
        value: Any = step.changes[step.name]
        match step.name:
            case "tags" if isinstance(value, Tag):
                tags = [{"Key": key, "Value": entry} for key, entry in sorted(value.tags.items())]
                await self._service.write("TagResource", ResourceArn=self._arn, Tags=tags)
            case "tags":
                await self._service.write("UntagResource", ResourceArn=self._arn, TagKeys=list(value.keys))
            case "policy":
                await self._set("Policy", text(value))
            case "key":
                await self._set("KmsMasterKeyId", value)
            case _:
                await self._set("ContentBasedDeduplication", str(value).lower())

    async def delete(self) -> None:
        """Delete it, and with it all its subscriptions."""
        await self._service.write("DeleteTopic", TopicArn=self._arn)

    async def _set(self, name: str, value: str) -> None:
        await self._service.write("SetTopicAttributes", TopicArn=self._arn, AttributeName=name, AttributeValue=value)
