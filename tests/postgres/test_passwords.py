"""The server receives passwords as verifiers; every client's login matches them, and the check needs no new hash."""

import hashlib

import psycopg
import pytest

from microservice_operator.database_connection import Login
from microservice_operator.facts import Reason
from microservice_operator.postgres.models import ServerScope
from microservice_operator.postgres.passwords import password, proof
from microservice_operator.postgres.reconcile import reconcile_database
from tests.postgres.making import made, wanted
from tests.postgres.server import PostgresServer

CLEAR = [password(), "-" * 43, "_" * 43]


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
