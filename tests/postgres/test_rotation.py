"""Rotation of passwords on a real server: two logins take turns, and at no time is the one in use closed.

`Service` plays the caller: it stores the connection as the Secrets do, and says whether pods still use the old login.
"""

from dataclasses import replace
from typing import Any

import psycopg
import pytest

from microservice_operator.database_connection import Connection, Login, Rotated
from microservice_operator.facts import Part, Reason, State
from microservice_operator.postgres.deletion import delete_database
from microservice_operator.postgres.models import Rotation, ServerScope, StillUsed
from microservice_operator.postgres.reconcile import reconcile_database
from microservice_operator.resources import Removal
from tests.postgres.making import made, wanted
from tests.postgres.server import PostgresServer
from tests.postgres.tenants import Tenant, looks
from tests.postgres.test_crashes import Crash, Sweep, dying, fresh

PODS = StillUsed("the pods that started with it have ended", 5.0)


class Service:
    """One service with its Secrets; `pods` says what still uses the earlier login."""

    def __init__(self, scope: ServerScope, part: Part, connection: Connection) -> None:
        self.scope, self.part, self.secret = scope, part, connection
        self.pods: StillUsed | None = PODS

    async def _still_used(self) -> StillUsed | None:
        return self.pods

    async def reconcile(self, request: str = "", wait: str = "", *, written: bool = True) -> Part:
        """One reconciliation; unless `written`, the API server refuses the Secrets."""
        runtime, owner = self.secret.runtime.rotated, self.secret.owner.rotated
        begins = Rotated(f"2026-01-01T00:00:0{request}Z" if request else "", request)
        due: Any = "both" if request and runtime.request != request else "owner" if owner != runtime else ""
        rotation = Rotation(due, wait, begins if due == "both" else runtime, request, self._still_used)
        self.part, connection = await reconcile_database(
            self.scope, replace(wanted(self.secret, self.part.id), rotation=rotation)
        )
        assert connection
        if written:
            self.secret = replace(connection, retiring="")
        return self.part

    async def settle(self, request: str = "") -> None:
        """Reconcile until nothing happens and nothing is requested at once."""
        part = await self.reconcile(request)
        while part.events or part.after == 0.0:
            part = await self.reconcile(request)


@pytest.fixture
async def service(scope: ServerScope) -> Service:
    return Service(scope, *await made(scope))


def enters(server: PostgresServer, connection: Connection, login: Login) -> bool:
    try:
        return bool(server.run("SELECT 1", connection.database, login))
    except psycopg.OperationalError:
        return False


async def test_two_logins_take_turns(tenant: Tenant) -> None:
    """On every major version, with a superuser and with an admin as RDS has it."""
    server, service = tenant.server, Service(tenant.scope, tenant.part, tenant.connection)
    first = service.secret
    server.run("CREATE TABLE t (id serial, who text DEFAULT current_user)", first.database, first.owner)
    await service.settle()
    for request, suffix in (("1", "_app2"), ("2", "_app"), ("3", "_app2")):
        before = service.secret
        part = await service.reconcile(request)
        now = service.secret
        assert (part.state, [event.reason for event in part.events]) == (State.READY, [Reason.PASSWORD_ROTATED])
        assert now.runtime.username == f"{first.database}{suffix}"
        assert now.runtime.rotated == now.owner.rotated == Rotated(f"2026-01-01T00:00:0{request}Z", request)
        assert not {now.runtime.password, now.owner.password} & {before.runtime.password, before.owner.password}
        assert enters(server, first, before.runtime), "pods that run keep their login"
        assert enters(server, first, now.runtime)
        assert not enters(server, first, before.owner)
        part = await service.reconcile(request)
        assert part.message == f"login {before.runtime.username} stays valid until {PODS.what}"
        assert (part.state, part.after, enters(server, first, before.runtime)) == (State.READY, 5.0, True)
        service.pods = None
        await service.settle(request)
        assert service.secret == now, "the next step only closes the earlier login"
        assert not enters(server, first, before.runtime)
        service.pods = PODS
        server.run("INSERT INTO t DEFAULT VALUES", first.database, now.runtime)
        said = server.statements()
        part = await service.reconcile(request)
        assert (part.state, part.message, part.after) == (State.READY, "", None)
        assert server.statements() == said
    assert server.run("SELECT DISTINCT who FROM t", first.database, service.secret.owner) == [
        (first.runtime.username,)
    ], "who acts is the same role all the time"


async def test_without_a_request_nothing_is_written_and_no_second_login_is_made(
    service: Service, postgres: PostgresServer
) -> None:
    said = postgres.statements()
    await service.reconcile()
    assert postgres.statements() == said
    roles = postgres.run(f"SELECT rolname FROM pg_roles WHERE rolname LIKE '{service.secret.database}%' ORDER BY 1")
    assert roles == [(service.secret.runtime.username,), (service.secret.owner.username,)]


async def test_what_either_login_makes_belongs_to_the_runtime_role(service: Service, postgres: PostgresServer) -> None:
    """Also a pool that resets its sessions (DISCARD ALL) keeps the rights of the runtime role."""
    await service.settle("1")
    secret = service.secret
    runtime = secret.runtime.username.removesuffix("2")
    postgres.run(f"CREATE SCHEMA own; GRANT ALL ON SCHEMA own TO {runtime}", secret.database, secret.owner)
    postgres.run("CREATE TABLE t (id int)", secret.database, secret.owner)
    postgres.run("CREATE TABLE own.t (id int)", secret.database, secret.runtime)
    owner = "SELECT relowner::regrole::text FROM pg_class WHERE oid = 'own.t'::regclass"
    assert postgres.run(owner, secret.database) == [(runtime,)]
    with psycopg.connect(**postgres.parameters(secret.runtime, secret.database), autocommit=True) as session:
        session.execute("DISCARD ALL")
        session.execute("INSERT INTO t VALUES (1)")
        session.execute("INSERT INTO own.t VALUES (1)")


async def test_a_rotation_that_waits_changes_nothing_and_says_why(service: Service, postgres: PostgresServer) -> None:
    before, said = service.secret, postgres.statements()
    part = await service.reconcile("1", wait="no migration runs")
    assert (part.state, part.message) == (State.READY, "its rotation waits until no migration runs")
    assert (service.secret, postgres.statements()) == (before, said)


async def test_an_open_session_keeps_the_earlier_login(service: Service, postgres: PostgresServer) -> None:
    """A client that is no pod of ours, or a pod that started with an old copy of the Secret."""
    before = service.secret
    with psycopg.connect(**postgres.parameters(before.runtime, before.database)):
        await service.reconcile("1")
        service.pods = None
        part = await service.reconcile("1")
        assert part.message.endswith("until its open sessions have ended, which pg_stat_activity shows")
        assert part.after == 30.0
        assert enters(postgres, before, before.runtime)
    await service.settle("1")
    assert not enters(postgres, before, before.runtime)


async def test_a_rotation_that_fails_leaves_the_database_ready(service: Service, postgres: PostgresServer) -> None:
    """Pods may start, and both logins of the Secrets are valid; the next try begins again."""
    before = service.secret
    with psycopg.connect(**postgres.parameters()) as other:
        other.execute(f"ALTER ROLE {before.owner.username} CONNECTION LIMIT 9".encode())
        part = await service.reconcile("1")
        assert (part.state, part.failed, service.secret) == (State.READY, True, before)
        assert part.message.startswith("its rotation failed: ")
        other.rollback()
    assert enters(postgres, before, before.runtime)
    assert enters(postgres, before, before.owner)
    service.pods = None
    await service.settle("1")
    assert service.secret.runtime.rotated.request == "1"


async def test_a_second_rotation_waits_for_the_first(service: Service, postgres: PostgresServer) -> None:
    first = service.secret
    await service.reconcile("1")
    second = service.secret
    await service.reconcile("2")
    assert service.secret == second
    assert enters(postgres, first, first.runtime)
    service.pods = None
    await service.settle("2")
    assert service.secret.runtime.rotated.request == "2"
    assert service.secret.runtime.username == first.runtime.username


async def test_a_secret_that_was_not_written_costs_a_password_that_nobody_knows(
    service: Service, postgres: PostgresServer
) -> None:
    before = service.secret
    await service.reconcile("1", written=False)
    assert service.secret == before
    assert enters(postgres, before, before.runtime)
    # the pods are those of the Secret
    service.pods = None
    await service.settle("1")
    assert service.secret.runtime.rotated.request == "1"
    assert enters(postgres, before, service.secret.runtime)
    assert enters(postgres, before, service.secret.owner)
    assert not enters(postgres, before, before.runtime)


async def test_only_the_service_secret_was_written(service: Service, postgres: PostgresServer) -> None:
    """The two Secrets are two writes: the owner's password is rotated again."""
    before = service.secret
    await service.reconcile("1", written=False)
    await service.reconcile("1")
    service.pods = None
    await service.settle("1")
    half = replace(service.secret, owner=before.owner)
    service.secret = half
    await service.settle("1")
    assert service.secret.runtime == half.runtime
    assert service.secret.owner.rotated == half.runtime.rotated
    assert service.secret.owner.password != before.owner.password
    assert enters(postgres, before, service.secret.owner)
    assert not enters(postgres, before, before.owner)


async def test_a_new_database_satisfies_a_request(scope: ServerScope) -> None:
    desired = replace(wanted(), rotation=Rotation("", request="1"))
    _, connection = await reconcile_database(scope, desired)
    assert connection
    assert {login.rotated for login in (connection.runtime, connection.owner)} == {Rotated("", "1")}


async def test_crashes(scope: ServerScope, postgres: PostgresServer) -> None:
    """The operator dies before or after each statement of two whole rotations; the end is the same."""
    counted, whole = Sweep(), Service(scope, *await made(scope))
    with dying(counted):
        await rotated_twice(whole)
    assert counted.said > 8
    for at in range(counted.said):
        for when in ("before", "after"):
            there = fresh(scope, f"{at}-{when}")
            service = Service(there, *await made(there))
            before = service.secret
            with dying(Sweep(at, when)), pytest.raises(Crash):
                await rotated_twice(service)
            assert enters(postgres, before, service.secret.runtime), "the login in the Secret is valid at any time"
            await rotated_twice(service)
            now = service.secret
            assert now.runtime.rotated.request == now.owner.rotated.request == "2"
            logins = f"SELECT rolname FROM pg_roles WHERE rolcanlogin AND rolname LIKE '{now.database}%'"
            assert {name for (name,) in looks(postgres, logins)} == {now.runtime.username, now.owner.username}
            assert enters(postgres, now, now.runtime)
            assert enters(postgres, now, now.owner)
            said = postgres.statements()
            await service.reconcile("2")
            assert postgres.statements() == said
            await delete_database(there, Removal("orders", "Delete"))


async def rotated_twice(service: Service) -> None:
    service.pods = None
    if service.secret.runtime.rotated.request != "2":
        await service.settle("1")
    await service.settle("2")


async def test_what_somebody_does_to_the_second_login_is_undone(service: Service, postgres: PostgresServer) -> None:
    service.pods = None
    await service.settle("1")
    login = service.secret.runtime.username
    for statement in (
        f"ALTER ROLE {login} SUPERUSER",
        f"ALTER ROLE {login} NOLOGIN",
        f"ALTER ROLE {login} RESET role",
        f"ALTER ROLE {login} PASSWORD 'other'",
        f"REVOKE {login.removesuffix('2')} FROM {login}",
    ):
        postgres.run(statement)
        await service.settle("1")
        assert postgres.run("SELECT current_user::text", service.secret.database, service.secret.runtime) == [
            (login.removesuffix("2"),)
        ], statement
        assert postgres.run(f"SELECT rolsuper FROM pg_roles WHERE rolname = '{login}'") == [(False,)]
    postgres.run(f"ALTER ROLE {login.removesuffix('2')} SUPERUSER")
    await service.settle("1")
    roles = f"SELECT rolsuper, rolcanlogin FROM pg_roles WHERE rolname = '{login.removesuffix('2')}'"
    assert postgres.run(roles) == [(False, False)], "the login that is not in use stays closed"


async def test_a_role_of_the_second_name_that_is_not_ours_is_a_conflict(
    service: Service, postgres: PostgresServer
) -> None:
    name = f"{service.secret.runtime.username}2"
    postgres.run(f"CREATE ROLE {name}")
    part = (
        await reconcile_database(service.scope, replace(wanted(service.secret, service.part.id), rotation=Rotation()))
    )[0]
    assert part.reason is Reason.CONFLICT
    postgres.run(f"DROP ROLE {name}")


@pytest.mark.parametrize("policy", ["Delete", "Retain"])
async def test_both_logins_go_or_stay_with_the_database(
    service: Service, postgres: PostgresServer, policy: Any
) -> None:
    service.pods = None
    await service.settle("1")
    await delete_database(service.scope, Removal("orders", policy))
    listed = f"SELECT count(*) FROM pg_roles WHERE rolname LIKE '{service.secret.database}%'"
    assert postgres.run(listed) == [(3 if policy == "Retain" else 0,)]
    if policy == "Retain":
        # the next Microservice of this name gets a new password for the first login
        again = Service(service.scope, *await made(service.scope))
        again.pods = None
        await again.settle()
        assert again.secret.runtime.username == service.secret.runtime.username.removesuffix("2")
        assert not enters(postgres, again.secret, service.secret.runtime)
