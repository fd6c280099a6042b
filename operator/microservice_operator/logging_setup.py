"""Logs one JSON object per line, with the resource and trace of its reconciliation; libraries use the same format."""

import logging
import sys
from collections.abc import Mapping, MutableMapping
from typing import Any

import structlog

# Libraries that at INFO would log a line per request or event.
QUIET = ("kopf", "botocore", "boto3", "urllib3", "aiohttp.access", "asyncio")


def configure(level: str, form: str) -> None:
    """Route everything to standard output; `level` is a logging level name, `form` is `json` or `console`."""
    shared: list[Any] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.stdlib.ExtraAdder(),
        _without_kopf_objects,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.format_exc_info,
    ]
    last: Any = structlog.dev.ConsoleRenderer() if form == "console" else structlog.processors.JSONRenderer()
    handler = logging.StreamHandler(sys.stdout)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared,
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, last],
        )
    )
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level.upper())
    for name in QUIET:
        logging.getLogger(name).setLevel(max(logging.WARNING, root.level))
    structlog.configure(
        processors=[structlog.stdlib.filter_by_level, *shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=True,
    )


def _without_kopf_objects(_: Any, __: str, event: MutableMapping[str, Any]) -> Mapping[str, Any]:
    """Drop what kopf adds to its records for its own formatter: whole objects, including secrets."""
    event.pop("k8s_ref", None)
    event.pop("k8s_skip", None)
    event.pop("settings", None)
    return event
