"""A process without write permission sends nothing, not even COMMIT, and no statement outlasts the permission."""

import os
import socket
from collections.abc import Callable

import psycopg
import pytest
from psycopg import sql

from microservice_operator.errors import NotYet
from microservice_operator.fence import ARRIVAL, Fenced
from microservice_operator.postgres.execute import run_all
from microservice_operator.postgres.models import ServerScope
from microservice_operator.postgres.observe import rows


def lasting(*rights: float) -> Callable[[], float]:
    """One right for each question, then none."""
    left = iter(rights)

    def ask() -> float:
        for right in left:
            return right
        raise Fenced

    return ask


async def named(scope: ServerScope, role: str) -> bool:
    scope.servers.may_write = lambda: 1000.0
    async with scope.session() as session:
        return bool(await rows(session, "SELECT 1 FROM pg_roles WHERE rolname = %s", [role]))


@pytest.mark.parametrize("questions", [0, 1])
async def test_nothing_is_said_or_committed_without_the_right(scope: ServerScope, questions: int) -> None:
    role = f"never-{scope.owner.identity.uid}-{questions}"
    scope.servers.may_write = lasting(*[1000.0] * questions)
    with pytest.raises(Fenced):
        async with scope.session() as session:
            await run_all(session, [sql.SQL("CREATE ROLE {}").format(sql.Identifier(role))])
    assert not await named(scope, role)


@pytest.mark.parametrize(("right", "bound"), [(1000.0, "10s"), (10.0, "10s"), (7.5, "7s"), (0.4, "400ms")])
async def test_no_statement_takes_longer_than_the_right_lasts(scope: ServerScope, right: float, bound: str) -> None:
    scope.servers.may_write = lambda: right
    async with scope.session() as session:
        assert await rows(session, "SHOW statement_timeout") == [(bound,)]


async def test_a_statement_that_would_is_broken_off(scope: ServerScope) -> None:
    scope.servers.may_write = lambda: 0.3
    with pytest.raises((NotYet, psycopg.errors.QueryCanceled)):
        async with scope.session() as session:
            await rows(session, "SELECT pg_sleep(60)")


async def test_a_statement_that_was_given_up_does_not_arrive_when_the_network_is_mended(scope: ServerScope) -> None:
    """tests/integration/test_cut_network.py shows what the kernel does then."""
    async with scope.session() as session:
        with socket.socket(fileno=os.dup(session.fileno())) as line:
            assert line.getsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT) == ARRIVAL * 1000
