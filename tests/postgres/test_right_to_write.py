"""A process that may not write says nothing to a server, not even COMMIT, and no statement outlasts its right."""

from collections.abc import Callable

import psycopg
import pytest
from psycopg import sql

from microservice_operator.errors import NotYet
from microservice_operator.fence import Fenced
from microservice_operator.postgres.execute import say
from microservice_operator.postgres.models import Place
from microservice_operator.postgres.observe import rows


def lasting(*rights: float) -> Callable[[], float]:
    """One right for each question, then none."""
    left = iter(rights)

    def ask() -> float:
        for right in left:
            return right
        raise Fenced

    return ask


async def named(place: Place, role: str) -> bool:
    place.servers.may_write = lambda: 1000.0
    async with place.servers.session(place.server) as session:
        return bool(await rows(session, "SELECT 1 FROM pg_roles WHERE rolname = %s", [role]))


@pytest.mark.parametrize("questions", [0, 1])
async def test_nothing_is_said_or_committed_without_the_right(place: Place, questions: int) -> None:
    role = f"never-{place.owner.identity.uid}-{questions}"
    place.servers.may_write = lasting(*[1000.0] * questions)
    with pytest.raises(Fenced):
        async with place.servers.session(place.server) as session:
            await say(session, [sql.SQL("CREATE ROLE {}").format(sql.Identifier(role))])
    assert not await named(place, role)


@pytest.mark.parametrize(("right", "bound"), [(1000.0, "10s"), (10.0, "10s"), (7.5, "7s"), (0.4, "400ms")])
async def test_no_statement_takes_longer_than_the_right_lasts(place: Place, right: float, bound: str) -> None:
    place.servers.may_write = lambda: right
    async with place.servers.session(place.server) as session:
        assert await rows(session, "SHOW statement_timeout") == [(bound,)]


async def test_a_statement_that_would_is_broken_off(place: Place) -> None:
    place.servers.may_write = lambda: 0.3
    with pytest.raises((NotYet, psycopg.errors.QueryCanceled)):
        async with place.servers.session(place.server) as session:
            await rows(session, "SELECT pg_sleep(60)")
