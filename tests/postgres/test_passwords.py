"""The server receives passwords as verifiers; every client's login matches them, and the check needs no new hash."""

import hashlib
from dataclasses import replace

import psycopg
import pytest

from microservice_operator.database_connection import Connection, Login
from microservice_operator.facts import Reason, State
from microservice_operator.postgres.models import ServerScope
from microservice_operator.postgres.passwords import password, proof, usable
from microservice_operator.postgres.reconcile import reconcile_database
from tests.postgres.making import made, wanted
from tests.postgres.server import PostgresServer

CLEAR = [
    password(),
    "secret",
    "with spaces and $ : , ' \\",
    "soft\u00adhyphen",  # mapped to nothing
    "no\u00a0break",  # mapped to a space
    "\ufb01ligature\u2168",  # normalised
    "pass\u0007bell\u00e4",  # prohibited, so used as it is
    "\u0627\u0031",  # begins right to left and does not end so: used as it is
    "\u0627\u0031\u0628",
    "\U000e0001tag",
    "\u0221unassigned",
    "\u00ad",  # of which nothing would be left, so used as it is
]


@pytest.mark.parametrize("clear", CLEAR)
def test_every_client_logs_in_by_the_verifier(postgres: PostgresServer, clear: str) -> None:
    name = f"role_{hashlib.sha256(clear.encode()).hexdigest()[:8]}"
    postgres.run(f"CREATE ROLE {name} LOGIN PASSWORD '{proof(name, clear).verifier}'")
    assert postgres.run("SELECT current_user::text", login=Login(name, clear)) == [(name,)]
    with pytest.raises(psycopg.OperationalError, match="password authentication failed"):
        postgres.run("SELECT 1", login=Login(name, clear + "x"))


def test_a_proof_is_the_same_each_time_and_another_for_another_role_or_password() -> None:
    assert proof("a", "secret") == proof("a", "secret")
    different = {proof(role, clear).verifier for role in ("a", "b") for clear in CLEAR}
    assert len(different) == 2 * len(CLEAR)
    assert "secret" not in repr(proof("a", "secret"))


@pytest.mark.parametrize("clear", ["", "\0", "\0abc", "abc\0"])
@pytest.mark.parametrize("which", ["owner", "runtime"])
async def test_an_emptied_password_is_refused_and_changes_nothing(
    scope: ServerScope, postgres: PostgresServer, clear: str, which: str
) -> None:
    part, connection = await made(scope)
    said = postgres.statements()
    login = replace(getattr(connection, which), password=clear)
    emptied: Connection = replace(connection, **{which: login})
    refused, nothing = await reconcile_database(scope, wanted(emptied, part.id))
    assert (refused.state, refused.reason, nothing) == (State.STALLED, Reason.REJECTED, None)
    assert "delete that Secret" in refused.message
    assert postgres.statements() == said
    for each in (connection.owner, connection.runtime):
        postgres.run("SELECT 1", connection.database, each)


def test_only_a_password_that_postgresql_would_keep_is_usable() -> None:
    assert [usable(clear) for clear in CLEAR] == [True] * len(CLEAR)


async def test_a_role_that_hashes_for_an_hour_does_not_hold_the_operator(
    scope: ServerScope, postgres: PostgresServer
) -> None:
    """A role may set its own password; libpq hashes as often as that says, and blocks the event loop."""
    part, connection = await made(scope)
    for login in (connection.owner, connection.runtime):
        slow = proof(login.username, login.password).verifier.replace("$4096:", f"${2**31 - 1}:")
        postgres.run(f"UPDATE pg_authid SET rolpassword = '{slow}' WHERE rolname = '{login.username}'")
        assert await scope.servers.admits(scope.server, connection.database, login)
    repaired, _ = await reconcile_database(scope, wanted(connection, part.id))
    assert [event.reason for event in repaired.events] == [Reason.PASSWORD_RENEWED]
    postgres.run("SELECT 1", connection.database, connection.runtime)
