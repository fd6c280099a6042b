"""Logs, metrics and traces of Powertools, with the keys that the other services of the shop write too.

Traces of X-Ray are recorded where Lambda records them; Powertools leaves that out everywhere else.
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


def continued(headers: Mapping[str, str]) -> str:
    """The W3C trace context of the caller, or a new one; from here on each line of the log carries it."""
    sent = next((value for name, value in headers.items() if name.lower() == TRACEPARENT), "")
    match = _TRACEPARENT.match(sent)
    trace_id = match["trace"] if match else secrets.token_hex(16)
    logger.append_keys(traceId=trace_id)
    return f"00-{trace_id}-{secrets.token_hex(8)}-01"
