"""The operator crashes before and after each statement of a creation or deletion; the next reconciliations complete it.

The tests record the statements in a run, so a new statement is tested automatically.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Any, Literal

import psycopg
import pytest

from microservice_operator.database_connection import Connection
from microservice_operator.facts import Reason, State
from microservice_operator.ownership import Owner
from microservice_operator.postgres.deletion import delete_database
from microservice_operator.postgres.models import ServerScope
from microservice_operator.postgres.reconcile import reconcile_database
from microservice_operator.resources import Removal
from tests.postgres.making import wanted
from tests.postgres.server import PostgresServer

EXTENSIONS = {"extensions": ["pg_trgm"]}


class Crash(BaseException):
    """The process is gone: nothing in the operator may catch it."""


@dataclass
class Sweep:
    """Dies at the statement `at`, counted from 0; -1 only counts."""

    at: int = -1
    when: Literal["before", "after"] = "before"
    said: int = 0


@contextmanager
def dying(sweep: Sweep) -> Iterator[None]:
    execute = psycopg.AsyncConnection.execute

    async def mortal(connection: Any, query: Any, *rest: Any, **options: Any) -> Any:
        text = query if isinstance(query, str) else query.as_string()
        changes = not text.strip().upper().startswith(("SELECT", "SET LOCAL"))
        here = changes and sweep.said == sweep.at
        sweep.said += changes
        if here and sweep.when == "before":
            raise Crash
        answer = await execute(connection, query, *rest, **options)
        if here:
            raise Crash
        return answer

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(psycopg.AsyncConnection, "execute", mortal)
        yield


def fresh(scope: ServerScope, name: str) -> ServerScope:
    return replace(scope, owner=Owner(name, scope.owner.identity))


async def secret(scope: ServerScope) -> Connection:
    _, connection = await reconcile_database(scope, wanted())
    assert connection
    return connection


async def create(scope: ServerScope, connection: Connection) -> None:
    part, _ = await reconcile_database(scope, wanted(connection, **EXTENSIONS))  # type: ignore[arg-type]
    assert part.state is State.READY, part


async def test_creation(scope: ServerScope, postgres: PostgresServer) -> None:
    counted = Sweep()
    connection = await secret(scope)
    with dying(counted):
        await create(scope, connection)
    assert counted.said > 10
    for at in range(counted.said):
        for when in ("before", "after"):
            there = fresh(scope, f"{at}-{when}")
            connection = await secret(there)
            with dying(Sweep(at, when)), pytest.raises(Crash):
                await create(there, connection)
            await create(there, connection)
            postgres.run("CREATE TABLE t (id serial)", connection.database, connection.owner)
            postgres.run("INSERT INTO t DEFAULT VALUES", connection.database, connection.runtime)
            said = postgres.statements()
            await create(there, connection)
            assert postgres.statements() == said
            await delete_database(there, Removal("orders", "Delete"))


async def test_removal(scope: ServerScope, postgres: PostgresServer) -> None:
    counted = Sweep()
    connection = await secret(scope)
    await create(scope, connection)
    with dying(counted):
        await delete_database(scope, Removal("orders", "Delete"))
    assert counted.said > 2
    for at in range(counted.said):
        for when in ("before", "after"):
            there = fresh(scope, f"{at}-{when}")
            connection = await secret(there)
            await create(there, connection)
            with dying(Sweep(at, when)), pytest.raises(Crash):
                await delete_database(there, Removal("orders", "Delete"))
            gone = await delete_database(there, Removal("orders", "Delete"))
            assert gone.reason is Reason.DATABASE_DELETED, gone
            assert postgres.run(f"SELECT 1 FROM pg_roles WHERE rolname LIKE '{connection.database}%'") == []
