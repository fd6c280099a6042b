"""A creation is not repeated until it is certain that the resource does not exist."""

from contextlib import suppress

import pytest

from microservice_operator.aws.engine.create_once import CreateOnce
from microservice_operator.errors import NeedsPerson, NotYet, OperatorError
from microservice_operator.facts import Reason

KEY = ("api", "shop")
ENDINGS: dict[str, tuple[Exception | None, bool]] = {
    "made": (None, True),
    "no answer": (NotYet(Reason.AWS_UNAVAILABLE, "AWS does not answer"), True),
    "throttled": (NotYet(Reason.AWS_THROTTLED, "AWS throttles"), False),
    "refused": (NeedsPerson(Reason.REJECTED, "AWS rejects"), False),
    "an unexpected error": (ValueError(), True),
}


@pytest.mark.parametrize("ending", ENDINGS)
async def test_what_was_tried_may_exist(ending: str) -> None:
    error, expected = ENDINGS[ending]
    now = [0.0]
    making = CreateOnce(60, lambda: now[0])
    assert not making.may_exist(KEY)
    with suppress(OperatorError, ValueError):
        async with making.once(KEY):
            if error:
                raise error
    assert making.may_exist(KEY) is expected
    assert not making.may_exist(("api", "other"))
    now[0] = 60
    assert not making.may_exist(KEY)


async def test_what_was_seen_and_is_missing_is_gone() -> None:
    making = CreateOnce()
    async with making.once(KEY):
        pass
    making.seen(KEY)
    assert not making.may_exist(KEY)
