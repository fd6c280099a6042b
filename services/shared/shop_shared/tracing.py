"""The W3C trace context of the request at hand, so that one order can be followed through all services.

Only OpenTelemetry's API is used: the ids travel and are logged without an SDK. When an SDK is configured, FastAPI
opens the span itself, and this module leaves it alone.
"""

import secrets
from collections.abc import Iterator, Mapping, MutableMapping
from contextlib import contextmanager

from opentelemetry import context as otel_context
from opentelemetry import trace
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

_propagator = TraceContextTextMapPropagator()


@contextmanager
def request_span(headers: Mapping[str, str]) -> Iterator[None]:
    """Continue the caller's trace, or start one when the caller sent none (or a malformed one)."""
    if trace.get_current_span().get_span_context().is_valid:
        yield
        return
    context = _propagator.extract(headers, context=otel_context.Context())
    caller = trace.get_current_span(context).get_span_context()
    span = trace.SpanContext(
        trace_id=caller.trace_id if caller.is_valid else secrets.randbits(128) or 1,
        span_id=secrets.randbits(64) or 1,
        is_remote=False,
        trace_flags=caller.trace_flags,
        trace_state=caller.trace_state,
    )
    token = otel_context.attach(trace.set_span_in_context(trace.NonRecordingSpan(span), context))
    try:
        yield
    finally:
        otel_context.detach(token)


def trace_id() -> str | None:
    """The current trace id as log lines and problem answers carry it."""
    span = trace.get_current_span().get_span_context()
    return trace.format_trace_id(span.trace_id) if span.is_valid else None


def span_id() -> str | None:
    span = trace.get_current_span().get_span_context()
    return trace.format_span_id(span.span_id) if span.is_valid else None


def inject(headers: MutableMapping[str, str]) -> None:
    """Put the current trace into the headers of a call to another service."""
    _propagator.inject(headers)
