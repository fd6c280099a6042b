"""The log about streams that are open when the event loop stops."""

import asyncio
import logging
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

import pytest
from structlog.testing import capture_logs

from microservice_operator.app import while_leaving

Handler = Callable[[asyncio.AbstractEventLoop, dict[str, Any]], object]
STREAMS = 32  # each is closed in the wrong order with a probability of about a half


@asynccontextmanager
async def _unpaused() -> AsyncIterator[None]:
    yield


async def _events() -> AsyncIterator[int]:
    """As kopf's infinite_watch: for ever, and each time within another generator."""
    while True:
        async with _unpaused():
            yield 1


def _end_between_two_events(handler: Handler | None) -> None:
    async def first_of_each() -> None:
        for stream in streams:
            await anext(stream)

    loop = asyncio.new_event_loop()
    loop.set_exception_handler(handler)
    streams = [_events() for _ in range(STREAMS)]
    loop.run_until_complete(first_of_each())
    loop.run_until_complete(loop.shutdown_asyncgens())
    loop.close()


def test_a_stream_that_is_cut_off_while_leaving_is_no_error(caplog: pytest.LogCaptureFixture) -> None:
    _end_between_two_events(None)
    assert {record.name for record in caplog.records} == {"asyncio"}, "asyncio has learned to close them: drop the rule"
    caplog.clear()
    with capture_logs() as said:
        _end_between_two_events(while_leaving)
    assert not caplog.records
    assert said
    assert {line["log_level"] for line in said} == {"debug"}


def test_any_other_error_while_leaving_is_still_logged(caplog: pytest.LogCaptureFixture) -> None:
    loop = asyncio.new_event_loop()
    loop.set_exception_handler(while_leaving)
    loop.call_soon(lambda: 1 / 0)
    loop.run_until_complete(asyncio.sleep(0.01))
    loop.close()
    assert [record.levelno for record in caplog.records] == [logging.ERROR]
