"""What customers do not see of a shop at work: circuit breakers, queues, routes."""

import asyncio
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import httpx2
import structlog
from prometheus_client.parser import text_string_to_metric_families

from gateway_service.aws import AWS, FAILURES

log = structlog.get_logger(__name__)

BREAKER_METRIC = "circuit_breaker_state"
BREAKER_STATES = ("closed", "half-open", "open")
TAG_NAMESPACE = "microservice-operator.dev/namespace"
TAG_NAME = "microservice-operator.dev/name"
_HASH = re.compile(r"-[0-9a-f]{8}(\.fifo)?$")
_COUNTS = {
    "waiting": "ApproximateNumberOfMessages",
    "in_flight": "ApproximateNumberOfMessagesNotVisible",
    "delayed": "ApproximateNumberOfMessagesDelayed",
}


class Unseen(Exception):
    """It cannot be looked at right now."""


@dataclass(frozen=True)
class Breaker:
    """A circuit breaker of the order service, towards one other service."""

    upstream: str
    state: str


@dataclass(frozen=True)
class Queue:
    """A queue of a Microservice, and what was given up into its dead letter queue, if it has one."""

    service: str
    name: str
    waiting: int
    in_flight: int
    delayed: int
    dead: int | None


class Machinery:
    """Looks at the order service's metrics and at SQS."""

    def __init__(self, aws: AWS, order_url: str) -> None:
        """Without an address there are no breakers to look at."""
        self._aws = aws
        self._order_url = order_url
        self._client = httpx2.AsyncClient(timeout=3, trust_env=False)

    async def breakers(self) -> list[Breaker]:
        """Breakers of the pod that answers."""
        if not self._order_url:
            raise Unseen("ORDER_URL is not set")
        try:
            async with asyncio.timeout(3):
                answer = await self._client.get(f"{self._order_url}/metrics")
            answer.raise_for_status()
            return read_breakers(answer.text)
        except (httpx2.HTTPError, TimeoutError, ValueError, LookupError) as error:
            log.info("the breakers cannot be read", error=type(error).__name__)
            raise Unseen("the order service does not show its metrics") from error

    async def queues(self) -> list[Queue]:
        """All queues that the operator made."""
        try:
            found = await self._aws.ask("sqs", self._read_queues)
        except FAILURES as error:
            log.info("the queues cannot be read", error=type(error).__name__)
            raise Unseen("SQS does not answer") from error
        return queues(found)

    async def close(self) -> None:
        """Let go of connections."""
        await self._client.aclose()

    def _read_queues(self, client: Any) -> list[dict[str, Any]]:
        pages = client.get_paginator("list_queues").paginate()
        found = []
        for url in [url for page in pages for url in page.get("QueueUrls", ())]:
            tags = client.list_queue_tags(QueueUrl=url).get("Tags", {})
            if TAG_NAME in tags:
                asked = client.get_queue_attributes(QueueUrl=url, AttributeNames=["All"])
                found.append({"tags": tags, **asked["Attributes"]})
        return found


def read_breakers(metrics: str) -> list[Breaker]:
    """The state of each breaker that metrics in Prometheus' text form tell."""
    return sorted(
        (
            Breaker(sample.labels["upstream"], BREAKER_STATES[int(sample.value)])
            for family in text_string_to_metric_families(metrics)
            if family.name == BREAKER_METRIC
            for sample in family.samples
        ),
        key=lambda breaker: breaker.upstream,
    )


def queues(attributes: list[dict[str, Any]]) -> list[Queue]:
    """Queues with the dead letters of each beside it, not as queues of their own."""
    waiting = {found["QueueArn"]: int(found[_COUNTS["waiting"]]) for found in attributes}
    dead = {found["QueueArn"]: _dead_letters(found) for found in attributes}
    shown = [found for found in attributes if found["QueueArn"] not in dead.values()]
    return sorted(
        (
            Queue(
                found["tags"][TAG_NAME],
                _declared(found["QueueArn"], found["tags"]),
                **{field: int(found[key]) for field, key in _COUNTS.items()},
                dead=waiting.get(dead[found["QueueArn"]]),
            )
            for found in shown
        ),
        key=lambda queue: (queue.service, queue.name),
    )


def _dead_letters(found: Mapping[str, Any]) -> str:
    arn = re.search(r'"deadLetterTargetArn"\s*:\s*"([^"]+)"', str(found.get("RedrivePolicy", "")))
    return arn[1] if arn else ""


def _declared(arn: str, tags: Mapping[str, str]) -> str:
    """`…:shop-order-order-events-1a2b3c4d` → `order-events`."""
    name = _HASH.sub("", arn.rpartition(":")[2])
    return name.removeprefix(f"{tags.get(TAG_NAMESPACE, '')}-{tags[TAG_NAME]}-")
