"""Traces over OTLP, if an endpoint is set."""

import asyncio
import gzip
from collections.abc import AsyncIterator, Callable
from typing import Any
from uuid import uuid4

import httpx2
import pytest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

from tests.services.processes import Service
from tests.services.tokens import bearer

CALLER = "00f067aa0ba902b7"


class Collector:
    """Receives spans like an OpenTelemetry collector, and stores them."""

    def __init__(self) -> None:
        self.url = ""
        self.spans: list[tuple[str, Any]] = []

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while True:
                head = (await reader.readuntil(b"\r\n\r\n")).decode().lower()
                fields = dict(line.split(": ", 1) for line in head.splitlines()[1:-1])
                body = await reader.readexactly(int(fields["content-length"]))
                if fields.get("content-encoding") == "gzip":
                    body = gzip.decompress(body)
                self._keep(ExportTraceServiceRequest.FromString(body))
                writer.write(b"HTTP/1.1 200 OK\r\ncontent-type: application/x-protobuf\r\ncontent-length: 0\r\n\r\n")
                await writer.drain()
        except (asyncio.IncompleteReadError, ConnectionError):
            writer.close()

    def _keep(self, request: ExportTraceServiceRequest) -> None:
        for resource in request.resource_spans:
            named = {attribute.key: attribute.value.string_value for attribute in resource.resource.attributes}
            self.spans += [(named["service.name"], span) for scope in resource.scope_spans for span in scope.spans]


@pytest.fixture
async def collector() -> AsyncIterator[Collector]:
    made = Collector()
    async with await asyncio.start_server(made.serve, "127.0.0.1", 0) as server:
        made.url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
        yield made


async def test_spans_continue_the_callers_trace_without_personal_data(
    collector: Collector, http: httpx2.AsyncClient, start: Callable[..., Service], user_database_url: str
) -> None:
    user = start("user", DATABASE_URL=user_database_url, OTEL_EXPORTER_OTLP_ENDPOINT=collector.url)
    await asyncio.to_thread(user.wait_until, "/ready")
    trace_id, canary = uuid4().hex, f"canary{uuid4().hex}"
    caller = {"traceparent": f"00-{trace_id}-{CALLER}-01", **bearer(canary)}

    unknown = await http.get(f"{user.url}/users/{uuid4()}", headers=caller)
    person = {"email": f"{canary}@example.com", "name": canary}
    await http.post(f"{user.url}/users", json=person, headers=caller)
    await http.post(f"{user.url}/users", json=person, headers=caller)
    user.process.terminate()
    await asyncio.to_thread(user.process.wait)

    assert unknown.json()["traceId"] == trace_id
    spans = {span.name: span for _, span in collector.spans}
    assert set(spans) == {"GET /users/{userId}", "POST /users"}, "the probes have no spans"
    assert {service for service, _ in collector.spans} == {"user"}
    for span in spans.values():
        assert (span.trace_id.hex(), span.parent_span_id.hex()) == (trace_id, CALLER)
    assert canary not in str(collector.spans)
    assert {line["traceId"] for line in user.log_lines if "route" in line} == {trace_id}
