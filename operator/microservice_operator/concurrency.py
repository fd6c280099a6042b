"""Several things at once, and none of them left behind: when one fails, the others have ended before it is told."""

import asyncio
from collections.abc import Awaitable, Iterable
from typing import TypeVar

Result = TypeVar("Result")


async def side_by_side(work: Iterable[Awaitable[Result]]) -> list[Result]:
    """Every result, in the given order.

    Raises the first error, as `asyncio.gather` does, but not while others still write.
    """
    ended = await asyncio.gather(*work, return_exceptions=True)
    found: list[Result] = []
    for result in ended:
        if isinstance(result, BaseException):
            raise result
        found.append(result)
    return found
