"""Exports spans over OTLP if ``OTEL_EXPORTER_OTLP_ENDPOINT`` is set. Otherwise the exporter is not even imported.

The exporter and the sampler read the other ``OTEL_*`` variables themselves.
"""

import asyncio
import os
from collections.abc import Awaitable, Callable

from opentelemetry import trace

from shop_shared.settings import ServiceSettings

Close = Callable[[], Awaitable[None]]


def configure(settings: ServiceSettings) -> Close | None:
    """Return a function that exports the last spans at shutdown, or ``None`` if traces are off."""
    if not os.environ.get("OTEL_EXPORTER_OTLP_ENDPOINT"):
        return None
    # Imported here to save memory in pods without traces.
    from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter  # noqa: PLC0415
    from opentelemetry.sdk.resources import Resource  # noqa: PLC0415
    from opentelemetry.sdk.trace import TracerProvider  # noqa: PLC0415
    from opentelemetry.sdk.trace.export import BatchSpanProcessor  # noqa: PLC0415

    provider = TracerProvider(
        resource=Resource.create({"service.name": settings.service_name, "service.version": settings.service_version}),
        shutdown_on_exit=False,
    )
    provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter()))
    trace.set_tracer_provider(provider)

    async def close() -> None:
        await asyncio.to_thread(provider.shutdown)

    return close
