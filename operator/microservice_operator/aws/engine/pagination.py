"""Follows an AWS list from page to page to its end, up to a limit.

A list that never ends says neither yes nor no, so nothing may be decided from its pages.
"""

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from typing import Any

from ...errors import NotYet
from ...facts import Reason

Answer = Mapping[str, Any]
Read = Callable[..., Awaitable[Answer]]  # action, then its parameters by name

MOST = 1000  # the longest realistic list has some hundred pages


async def pages(
    read: Read,
    action: str,
    token: str = "NextToken",  # noqa: S107 not a secret, but the name of the page token
    **parameters: Any,
) -> AsyncIterator[Answer]:
    """Yield each page of a list; `token` is the name of the page token in the answer and in the request.

    Raises NotYet when a page points back to an earlier one, or when the list has more than `MOST` pages.
    """
    passed: set[str] = set()
    for _ in range(MOST):
        answer = await read(action, **parameters)
        yield answer
        following = answer.get(token)
        if not following:
            return
        if following in passed:
            raise NotYet(
                Reason.AWS_UNAVAILABLE,
                f"{action}: a page of the list points back to an earlier one ({token} repeats), so the list is "
                "incomplete; retried automatically",
                after=60.0,
            )
        passed.add(following)
        parameters[token] = following
    raise NotYet(
        Reason.AWS_UNAVAILABLE,
        f"{action}: the list has more than {MOST} pages, so it is incomplete; retried automatically",
        after=60.0,
    )
