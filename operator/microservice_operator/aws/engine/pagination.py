"""Follow a list of AWS from page to page to its end, and no further.

A list that never ends is no answer: it is neither yes nor no, so nothing may be decided by the pages that came.
"""

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from typing import Any

from ...errors import NotYet
from ...facts import Reason

Answer = Mapping[str, Any]
Read = Callable[..., Awaitable[Answer]]  # action, then its parameters by name

MOST = 1000  # the longest list that is real has some hundred pages


async def pages(
    read: Read,
    action: str,
    token: str = "NextToken",  # noqa: S107 no secret, it leads to the next page
    **asked: Any,
) -> AsyncIterator[Answer]:
    """Each page of one list; `token` is AWS' name for what leads to the next one, in the answer and in the request.

    Raises NotYet when a page leads back to an earlier one, or when there is no end to them.
    """
    passed: set[str] = set()
    for _ in range(MOST):
        answer = await read(action, **asked)
        yield answer
        following = answer.get(token)
        if not following:
            return
        if following in passed:
            raise NotYet(
                Reason.AWS_UNAVAILABLE,
                f"{action}: a page of the list leads back to an earlier one ({token} repeats), so the list is not "
                "known; the operator asks again",
                after=60.0,
            )
        passed.add(following)
        asked[token] = following
    raise NotYet(
        Reason.AWS_UNAVAILABLE,
        f"{action}: the list has no end after {MOST} pages, so it is not known; the operator asks again",
        after=60.0,
    )
