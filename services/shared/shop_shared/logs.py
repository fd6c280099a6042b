"""Structured logs: one JSON object a line on stdout, for our own events and for those of libraries.

Personal data must not reach a log. Exception messages often quote the values that caused them (PostgreSQL: "Key
(email)=(…) already exists"). So an exception is logged by its type and frames, never by its message.
"""

import logging
import sys
import traceback
from pathlib import Path

import stamina.instrumentation
import structlog
from structlog.types import EventDict, Processor, WrappedLogger

from shop_shared import tracing
from shop_shared.settings import ServiceSettings

_FRAMES = 12


def configure(settings: ServiceSettings) -> None:
    def add_service(_logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
        event["service"] = settings.service_name
        event["version"] = settings.service_version
        event["environment"] = settings.environment
        return event

    fields: list[Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True, key="timestamp"),
        add_service,
        _add_trace,
        _add_exception,
    ]
    structlog.configure(
        processors=[*fields, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.make_filtering_bound_logger(settings.log_level),
        cache_logger_on_first_use=True,
    )
    handler = logging.StreamHandler(sys.stdout)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=fields,
            processors=[
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                structlog.processors.EventRenamer("message"),
                structlog.processors.JSONRenderer(),
            ],
        )
    )
    logging.basicConfig(handlers=[handler], level=settings.log_level, force=True)
    # stamina's default hook logs the arguments of the call and the exception's message; its metric is enough.
    stamina.instrumentation.set_on_retry_hooks([stamina.instrumentation.PrometheusOnRetryHook])
    for chatty in ("httpx2", "httpcore2", "botocore", "boto3", "urllib3"):
        logging.getLogger(chatty).setLevel(logging.WARNING)


def _add_trace(_logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
    event["traceId"] = tracing.trace_id()
    event["spanId"] = tracing.span_id()
    return event


def _add_exception(_logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
    raised = event.pop("exc_info", None)
    if raised is True:
        raised = sys.exception()
    if isinstance(raised, tuple):
        raised = raised[1]
    if isinstance(raised, BaseException):
        event["exception"] = _exception_chain(raised)
    return event


def _exception_chain(error: BaseException) -> list[dict[str, object]]:
    """Return the exception and its causes, outermost first."""
    links: list[dict[str, object]] = []
    current: BaseException | None = error
    while current is not None and len(links) < _FRAMES:
        frames = traceback.extract_tb(current.__traceback__)[-_FRAMES:]
        link: dict[str, object] = {
            "type": f"{type(current).__module__}.{type(current).__qualname__}",
            "at": [f"{Path(f.filename).name}:{f.lineno} {f.name}" for f in frames],
        }
        if sqlstate := getattr(current, "sqlstate", None):
            link["sqlstate"] = sqlstate
        links.append(link)
        current = current.__cause__ or (None if current.__suppress_context__ else current.__context__)
    return links
