"""Logs, metrics and traces with Powertools. The log keys are those of the shop's other services.

Powertools records X-Ray traces only in Lambda.
"""

import re
import secrets
from collections.abc import Mapping

from aws_lambda_powertools import Logger, Metrics, Tracer

SERVICE = "order-intake"
TRACEPARENT = "traceparent"
_TRACEPARENT = re.compile(r"^00-(?P<trace>(?!0{32})[0-9a-f]{32})-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2}$")

logger = Logger(service=SERVICE, use_rfc3339=True)
metrics = Metrics(namespace="Shop", service=SERVICE)
tracer = Tracer(service=SERVICE)


def continue_trace(headers: Mapping[str, str]) -> str:
    """Return a trace context that continues the caller's trace, or a new one. Adds the trace id to all log lines."""
    sent = next((value for name, value in headers.items() if name.lower() == TRACEPARENT), "")
    match = _TRACEPARENT.match(sent)
    trace_id = match["trace"] if match else secrets.token_hex(16)
    logger.append_keys(traceId=trace_id)
    return f"00-{trace_id}-{secrets.token_hex(8)}-01"
