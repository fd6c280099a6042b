"""PURE: what is to be said to the server so that it comes to what is wanted; nothing for what is right already."""

import json
from collections.abc import Mapping
from typing import LiteralString

from psycopg import sql

from .. import names as marks_names
from ..ownership import Owner
from .observed import InDatabase, Names, OnServer

Statements = list[sql.Composed]

_ROWS = frozenset({"SELECT", "INSERT", "UPDATE", "DELETE"})
_COUNTERS = frozenset({"SELECT", "USAGE"})


def role_statements(names: Names, observed: OnServer, owner: Owner, verifiers: Mapping[str, str]) -> Statements:
    """Both roles; `verifiers` holds a new one for each role whose password is to be set."""
    said: Statements = []
    for name in (names.owner, names.runtime):
        role = observed.roles.get(name)
        if role is None:
            said.append(_say("CREATE ROLE {} LOGIN PASSWORD {}", name, verifiers[name]))
        elif name in verifiers:
            said.append(_say("ALTER ROLE {} PASSWORD {}", name, verifiers[name]))
        if role and (role.powers or not role.login):
            words = sql.SQL(" ").join(sql.SQL(word) for word in ("LOGIN", *(_without(power) for power in role.powers)))
            said.append(sql.SQL("ALTER ROLE {} {}").format(sql.Identifier(name), words))
        if role is None or role.marks != owner.marks:
            said.append(_comment("ROLE", name, owner.marks))
        # an admin that is no superuser acts on what the roles own as a member of them
        if not observed.superuser and not (role and role.admin_is_member):
            said.append(_say("GRANT {} TO CURRENT_USER", name))
    return said


def database_statements(names: Names, observed: OnServer, owner: Owner) -> Statements:
    """Who may connect, and whose it is; the database exists by now."""
    said: Statements = []
    if any(grantee == "" for grantee, _ in observed.grants):
        said.append(_say("REVOKE ALL ON DATABASE {} FROM PUBLIC", names.database))
    runtime = {privilege for grantee, privilege in observed.grants if grantee == names.runtime}
    if runtime - {"CONNECT"}:
        said.append(_say("REVOKE ALL ON DATABASE {} FROM {}", names.database, sql.Identifier(names.runtime)))
    if runtime != {"CONNECT"}:
        said.append(_say("GRANT CONNECT ON DATABASE {} TO {}", names.database, sql.Identifier(names.runtime)))
    if observed.database_marks != owner.marks:
        said.append(_comment("DATABASE", names.database, owner.marks))
    return said


def right_statements(names: Names, observed: InDatabase) -> Statements:
    """What the runtime role may do within the database: read and write rows, nothing else."""
    if observed.schema is None:
        return []
    runtime = sql.Identifier(names.runtime)
    said: Statements = []
    if ("", "CREATE") in observed.schema:
        said.append(sql.SQL("REVOKE CREATE ON SCHEMA public FROM PUBLIC").format())
    if (names.runtime, "CREATE") in observed.schema:
        said.append(sql.SQL("REVOKE CREATE ON SCHEMA public FROM {}").format(runtime))
    if (names.runtime, "USAGE") not in observed.schema:
        said.append(sql.SQL("GRANT USAGE ON SCHEMA public TO {}").format(runtime))
    future: LiteralString = "ALTER DEFAULT PRIVILEGES FOR ROLE {} IN SCHEMA public GRANT "
    if not {("r", privilege) for privilege in _ROWS} <= observed.defaults:
        tables: LiteralString = "SELECT, INSERT, UPDATE, DELETE ON TABLES TO {}"
        said.append(_say(future + tables, names.owner, runtime))
    if not {("S", privilege) for privilege in _COUNTERS} <= observed.defaults:
        sequences: LiteralString = "USAGE, SELECT ON SEQUENCES TO {}"
        said.append(_say(future + sequences, names.owner, runtime))
    for table in observed.closed_tables:
        said.append(_on("GRANT SELECT, INSERT, UPDATE, DELETE ON TABLE {} TO {}", table, runtime))
    for sequence in observed.closed_sequences:
        said.append(_on("GRANT USAGE, SELECT ON SEQUENCE {} TO {}", sequence, runtime))
    return said


def retention_statements(names: Names, observed: OnServer, owner: Owner) -> Statements:
    """Marks that let a later Microservice of the same name take it over."""
    marks = {**owner.marks, marks_names.TAG_RETAINED: "true"}
    said = [_comment("ROLE", name, marks) for name, role in sorted(observed.roles.items()) if role.marks != marks]
    if observed.database and observed.database_marks != marks:
        said.append(_comment("DATABASE", names.database, marks))
    return said


def _say(statement: LiteralString, name: str, value: "str | sql.Composable | None" = None) -> sql.Composed:
    values = () if value is None else (value if isinstance(value, sql.Composable) else sql.Literal(value),)
    return sql.SQL(statement).format(sql.Identifier(name), *values)


def _on(statement: LiteralString, name: str, runtime: sql.Identifier) -> sql.Composed:
    return sql.SQL(statement).format(sql.Identifier("public", name), runtime)


def _comment(kind: LiteralString, name: str, marks: Mapping[str, str]) -> sql.Composed:
    text = sql.Literal(json.dumps(dict(marks), sort_keys=True))
    return sql.SQL("COMMENT ON {} {} IS {}").format(sql.SQL(kind), sql.Identifier(name), text)


def _without(power: str) -> LiteralString:
    words: dict[str, LiteralString] = {
        "SUPERUSER": "NOSUPERUSER",
        "CREATEDB": "NOCREATEDB",
        "CREATEROLE": "NOCREATEROLE",
        "REPLICATION": "NOREPLICATION",
        "BYPASSRLS": "NOBYPASSRLS",
    }
    return words[power]
