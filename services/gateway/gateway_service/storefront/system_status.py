"""The state of the order service's circuit breakers and of the queues, for the status page."""

import asyncio
import re
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import httpx2
import structlog
from prometheus_client.parser import text_string_to_metric_families

from gateway_service.aws import AWS, ERRORS
from gateway_service.storefront.shared import Shared

log = structlog.get_logger(__name__)

SHARED_SECONDS = 2.5
"""The page asks every 3 s, so that each viewer alone still sees something new."""
TAG_SECONDS = 60.0
"""Only creation changes the tags, and of an account's many queues few are the operator's."""
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


class StatusUnavailable(Exception):
    """The status cannot be read now. The message says why."""


@dataclass(frozen=True)
class Breaker:
    """A circuit breaker of the order service for calls to one other service."""

    upstream: str
    state: str


@dataclass(frozen=True)
class Queue:
    """A queue of a Microservice. `dead` counts the messages of its dead letter queue, if it has one."""

    service: str
    name: str
    waiting: int
    in_flight: int
    delayed: int
    dead: int | None


class SystemStatus:
    """Reads the order service's metrics and SQS. All viewers share what was read a moment ago."""

    def __init__(self, aws: AWS, order_url: str) -> None:
        """Without `order_url`, the circuit breakers are unavailable."""
        self._aws = aws
        self._order_url = order_url
        self._client = httpx2.AsyncClient(timeout=3, trust_env=False)
        self._breakers = Shared(self._read_breakers, SHARED_SECONDS)
        self._queues = Shared(self._read_all_queues, SHARED_SECONDS)
        self._tags: dict[str, dict[str, str]] = {}
        self._tags_end = 0.0

    async def breakers(self) -> list[Breaker]:
        """Return the circuit breakers of the pod that answers. Raises StatusUnavailable."""
        return await self._breakers.value() or []

    async def queues(self) -> list[Queue]:
        """Return all queues that the operator created. Raises StatusUnavailable."""
        return await self._queues.value() or []

    async def close(self) -> None:
        """Close the connections."""
        await self._client.aclose()

    async def _read_breakers(self) -> list[Breaker]:
        if not self._order_url:
            raise StatusUnavailable("ORDER_URL is not set")
        try:
            async with asyncio.timeout(3):
                response = await self._client.get(f"{self._order_url}/metrics")
            response.raise_for_status()
            return parse_breakers(response.text)
        except (httpx2.HTTPError, TimeoutError, ValueError, LookupError) as error:
            log.info("cannot read the circuit breakers", error=type(error).__name__)
            raise StatusUnavailable("the metrics of the order service are unavailable") from error

    async def _read_all_queues(self) -> list[Queue]:
        try:
            attributes = await self._aws.call("sqs", self._read_queues)
        except ERRORS as error:
            log.info("cannot read the queues", error=type(error).__name__)
            raise StatusUnavailable("SQS does not answer") from error
        return parse_queues(attributes)

    def _read_queues(self, client: Any) -> list[dict[str, Any]]:
        pages = client.get_paginator("list_queues").paginate()
        if time.monotonic() >= self._tags_end:
            self._tags, self._tags_end = {}, time.monotonic() + TAG_SECONDS
        queues = []
        for url in [url for page in pages for url in page.get("QueueUrls", ())]:
            if url not in self._tags:
                self._tags[url] = client.list_queue_tags(QueueUrl=url).get("Tags", {})
            tags = self._tags[url]
            if TAG_NAME in tags:
                response = client.get_queue_attributes(QueueUrl=url, AttributeNames=["All"])
                queues.append({"tags": tags, **response["Attributes"]})
        return queues


def parse_breakers(metrics: str) -> list[Breaker]:
    """Return the circuit breakers in metrics of Prometheus' text format."""
    return sorted(
        (
            Breaker(sample.labels["upstream"], BREAKER_STATES[int(sample.value)])
            for family in text_string_to_metric_families(metrics)
            if family.name == BREAKER_METRIC
            for sample in family.samples
        ),
        key=lambda breaker: breaker.upstream,
    )


def parse_queues(attributes: list[dict[str, Any]]) -> list[Queue]:
    """Return the queues. A dead letter queue is not listed itself, but counted in the queue that uses it."""
    waiting = {queue["QueueArn"]: int(queue[_COUNTS["waiting"]]) for queue in attributes}
    dead = {queue["QueueArn"]: _dead_letter_arn(queue) for queue in attributes}
    listed = [queue for queue in attributes if queue["QueueArn"] not in dead.values()]
    return sorted(
        (
            Queue(
                queue["tags"][TAG_NAME],
                _name_in_spec(queue["QueueArn"], queue["tags"]),
                **{field: int(queue[key]) for field, key in _COUNTS.items()},
                dead=waiting.get(dead[queue["QueueArn"]]),
            )
            for queue in listed
        ),
        key=lambda queue: (queue.service, queue.name),
    )


def _dead_letter_arn(queue: Mapping[str, Any]) -> str:
    arn = re.search(r'"deadLetterTargetArn"\s*:\s*"([^"]+)"', str(queue.get("RedrivePolicy", "")))
    return arn[1] if arn else ""


def _name_in_spec(arn: str, tags: Mapping[str, str]) -> str:
    """`…:shop-order-order-events-1a2b3c4d` → `order-events`."""
    name = _HASH.sub("", arn.rpartition(":")[2])
    return name.removeprefix(f"{tags.get(TAG_NAMESPACE, '')}-{tags[TAG_NAME]}-")
