"""The queries in SECURITY.md find what earlier versions allowed, and nothing else."""

import re
from contextlib import closing
from pathlib import Path
from typing import Any

import psycopg

from tests.postgres.server import PostgresServer
from tests.postgres.tenants import Tenant, looks, plant

SECURITY = Path(__file__).parents[2] / "SECURITY.md"


def steps() -> list[tuple[str, str]]:
    """Each statement with the number of its step."""
    found: list[tuple[str, str]] = []
    step = ""
    lines: list[str] | None = None
    for line in SECURITY.read_text().splitlines():
        if heading := re.match(r"\*\*(\d+)\. ", line):
            step = heading[1]
        elif line == "```sql":
            lines = []
        elif line == "```" and lines is not None:
            found += [(step, statement) for statement in "\n".join(lines).split(";\n\n")]
            lines = None
        elif lines is not None:
            lines.append(line)
    return found


def answers(server: PostgresServer, database: str) -> list[tuple[str, str, list[Any]]]:
    return [(step, statement, looks(server, statement, database)) for step, statement in steps()]


def speak_of(rows: list[Any], name: str) -> list[Any]:
    return [row for row in rows if any(name in str(value) for value in row)]


async def test_a_server_where_all_is_well_has_nothing_of_a_tenant(tenant: Tenant) -> None:
    tenant.says("CREATE TABLE t (id serial); CREATE FUNCTION f() RETURNS int LANGUAGE sql AS 'SELECT 1'")
    found = answers(tenant.server, tenant.connection.database)
    assert [step for step, _, _ in found] == ["3", "4", "5", "5", "5", "6", "7", "7", "8", "8", "8"]
    for step, _, rows in found:
        assert speak_of(rows, tenant.connection.database) == [], step


async def test_what_was_let_in_is_found(tenant: Tenant) -> None:
    """Each query runs separately, because each one must find something."""
    name = tenant.connection.database
    plant(tenant, tenant.connection.owner, name)
    tenant.says("SELECT lo_create(0)", database="postgres")
    tenant.says(tenant.named("ALTER DATABASE \"{db}\" SET role = '{owner}'"))
    let_in = """
    ALTER ROLE "{owner}" CREATEROLE; GRANT pg_read_all_settings TO "{app}";
    GRANT CREATE ON DATABASE postgres TO "{app}";
    CREATE FUNCTION public.fired() RETURNS event_trigger LANGUAGE plpgsql AS 'BEGIN END';
    CREATE EVENT TRIGGER hostile ON ddl_command_end WHEN TAG IN ('CREATE COLLATION') EXECUTE FUNCTION public.fired();
    """
    tenant.admin_says(let_in)
    with closing(psycopg.connect(**tenant.server.parameters(tenant.connection.runtime, name))):
        tenant.admin_says('REVOKE CONNECT ON DATABASE "{db}" FROM "{app}"')
        found = answers(tenant.server, name)
    for step, statement, rows in found:
        # the rest is in the database of the tenant, whoever owns it
        assert speak_of(rows, name) if step < "7" else rows, statement
    tenant.admin_says('REVOKE ALL ON DATABASE postgres FROM "{app}"; ALTER ROLE "{owner}" NOCREATEROLE')
    looks(tenant.server, tenant.named('DROP OWNED BY "{owner}"'))
