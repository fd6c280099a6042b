"""Runs work concurrently and waits for all of it: an error is raised only after the other work has ended."""

import asyncio
from collections.abc import Awaitable, Iterable
from typing import TypeVar

Result = TypeVar("Result")


async def side_by_side(work: Iterable[Awaitable[Result]]) -> list[Result]:
    """Run the work concurrently and return the results in the given order.

    Raises the first error, like `asyncio.gather`, but only after all other work has ended.
    """
    ended = await asyncio.gather(*work, return_exceptions=True)
    results: list[Result] = []
    for result in ended:
        if isinstance(result, BaseException):
            raise result
        results.append(result)
    return results
