"""The trace in messages of SNS and SQS, as their attribute ``traceparent``.

A topic delivers to a queue raw (attributes become those of the SQS message) or in an envelope (they are in its JSON).
Whoever receives a message need not know which.
"""

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from opentelemetry.trace import SpanKind

from shop_shared import tracing


def attributes(headers: Mapping[str, str] | None = None) -> dict[str, Any]:
    """``MessageAttributes`` for SNS Publish and SQS SendMessage: of these headers, or of the current trace."""
    carried = dict(headers or {})
    if headers is None:
        tracing.inject(carried)
    # An attribute without a value is refused by both.
    return {name: {"DataType": "String", "StringValue": value} for name, value in carried.items() if value}


def body(message: Mapping[str, Any]) -> str:
    """What was published, out of a message that SQS delivered; raw or in SNS's envelope."""
    envelope = _envelope(message)
    return str(envelope["Message"] if envelope else message["Body"])


def headers(message: Mapping[str, Any]) -> dict[str, str]:
    """The trace headers of a message that SQS delivered; ask for them with ``MessageAttributeNames=["All"]``."""
    raw = message.get("MessageAttributes") or {}
    found = {name: str(attribute.get("StringValue", "")) for name, attribute in raw.items()}
    for name, attribute in (_envelope(message) or {}).get("MessageAttributes", {}).items():
        found.setdefault(name, str(attribute.get("Value", "")))
    return {name: found[name] for name in ("traceparent", "tracestate") if name in found}


@contextmanager
def received(message: Mapping[str, Any], name: str) -> Iterator[None]:
    """Work on a message inside the trace of whoever sent it."""
    with tracing.request_span(headers(message), name, SpanKind.CONSUMER):
        yield


def _envelope(message: Mapping[str, Any]) -> dict[str, Any] | None:
    try:
        parsed = json.loads(message["Body"])
    except ValueError:
        return None
    is_envelope = isinstance(parsed, dict) and parsed.get("Type") == "Notification" and "TopicArn" in parsed
    return parsed if is_envelope else None
