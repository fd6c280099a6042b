"""The W3C trace context of the work at hand, so that one order can be followed through services, topic and queue.

The ids travel and are logged with OpenTelemetry's API alone. Spans are recorded and sent only where
``OTEL_EXPORTER_OTLP_ENDPOINT`` says where to; see ``telemetry``.
"""

import secrets
from collections.abc import Iterator, Mapping, MutableMapping
from contextlib import contextmanager

from opentelemetry import context as otel_context
from opentelemetry import trace
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

_propagator = TraceContextTextMapPropagator()
_tracer = trace.get_tracer("shop")


@contextmanager
def request_span(
    headers: Mapping[str, str],
    name: str = "request",
    kind: trace.SpanKind = trace.SpanKind.SERVER,
    *,
    record: bool = True,
) -> Iterator[trace.Span]:
    """Continue the caller's trace, or start one when the caller sent none (or a malformed one)."""
    context = _propagator.extract(headers, context=otel_context.Context())
    tracer = _tracer if record else trace.NoOpTracer()
    # Exceptions are not recorded on spans: their messages may quote personal data, as with logs.
    with tracer.start_as_current_span(
        name, context=context, kind=kind, record_exception=False, set_status_on_exception=False
    ) as span:
        if span.is_recording():
            yield span
            return
    bare = _unrecorded(context)
    token = otel_context.attach(trace.set_span_in_context(bare, context))
    try:
        yield bare
    finally:
        otel_context.detach(token)


@contextmanager
def client_span(name: str, kind: trace.SpanKind = trace.SpanKind.CLIENT) -> Iterator[trace.Span]:
    """One call to somebody else, as a part of the current trace."""
    with _tracer.start_as_current_span(name, kind=kind, record_exception=False, set_status_on_exception=False) as span:
        yield span


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


def _unrecorded(context: otel_context.Context) -> trace.Span:
    """Without an exporter: only the ids, the caller's trace id if there is one."""
    caller = trace.get_current_span(context).get_span_context()
    return trace.NonRecordingSpan(
        trace.SpanContext(
            trace_id=caller.trace_id if caller.is_valid else secrets.randbits(128) or 1,
            span_id=secrets.randbits(64) or 1,
            is_remote=False,
            trace_flags=caller.trace_flags,
            trace_state=caller.trace_state,
        )
    )
