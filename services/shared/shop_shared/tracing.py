"""The W3C trace context of the current request or event: it follows an order through services, topic and queue.

Propagating and logging the ids needs only OpenTelemetry's API. Spans are recorded and exported only if
``OTEL_EXPORTER_OTLP_ENDPOINT`` is set; see ``telemetry``.
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
    """Continue the caller's trace. Start a new one if the caller sent none or a malformed one."""
    context = _propagator.extract(headers, context=otel_context.Context())
    tracer = _tracer if record else trace.NoOpTracer()
    # Spans do not record exceptions: their messages may quote personal data, as in logs.
    with tracer.start_as_current_span(
        name, context=context, kind=kind, record_exception=False, set_status_on_exception=False
    ) as span:
        if span.is_recording():
            yield span
            return
    unrecorded = _unrecorded_span(context)
    token = otel_context.attach(trace.set_span_in_context(unrecorded, context))
    try:
        yield unrecorded
    finally:
        otel_context.detach(token)


@contextmanager
def client_span(name: str, kind: trace.SpanKind = trace.SpanKind.CLIENT) -> Iterator[trace.Span]:
    """A call to another service, as a span of the current trace."""
    with _tracer.start_as_current_span(name, kind=kind, record_exception=False, set_status_on_exception=False) as span:
        yield span


def trace_id() -> str | None:
    """Return the current trace id, as in log lines and problem details."""
    span = trace.get_current_span().get_span_context()
    return trace.format_trace_id(span.trace_id) if span.is_valid else None


def span_id() -> str | None:
    span = trace.get_current_span().get_span_context()
    return trace.format_span_id(span.span_id) if span.is_valid else None


def inject(headers: MutableMapping[str, str]) -> None:
    """Add the current trace context to the headers of a call to another service."""
    _propagator.inject(headers)


def _unrecorded_span(context: otel_context.Context) -> trace.Span:
    """Return a span that only carries ids, for use without an exporter. It keeps the caller's trace id."""
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
