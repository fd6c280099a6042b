"""Builds the statements that bring a server to the desired state; none for a state that is right already."""

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import LiteralString

from psycopg import sql

from .. import names as marks_names
from ..ownership import Owner
from .database_catalog import InDatabase, PublicSchema
from .observe import Names, OnServer, Role

Statements = list[sql.Composed]

_BATCH = 500  # the server's lock table holds about 6,000 with its default settings
_ROWS = frozenset({"SELECT", "INSERT", "UPDATE", "DELETE"})
_COUNTERS = frozenset({"SELECT", "USAGE"})
_OWNERS = frozenset({"CONNECT", "CREATE", "TEMPORARY"})


def quote_roles(roles: Iterable[str]) -> str:
    """Quote the names of roles for a statement that a person runs."""
    return sql.SQL(", ").join(map(sql.Identifier, roles)).as_string(None)


def role_statements(names: Names, observed: OnServer, owner: Owner, verifiers: Mapping[str, str]) -> Statements:
    """Return the statements for the roles; `verifiers` are the passwords of those that must be able to log in.

    The service's second login exists only from the first rotation on. Its other login keeps its attribute LOGIN.
    """
    statements: Statements = []
    for name in (names.owner, names.runtime, names.second):
        role = observed.roles.get(name)
        if role is None and name == names.second and name not in verifiers:
            continue
        if role is None and name in verifiers:
            statements.append(_say("CREATE ROLE {} LOGIN PASSWORD {}", name, verifiers[name]))
        elif role is None:
            statements.append(_say("CREATE ROLE {} NOLOGIN", name))
        elif words := _attributes(role, login=name in verifiers):
            statements.append(sql.SQL("ALTER ROLE {} {}").format(sql.Identifier(name), sql.SQL(" ").join(words)))
        if role is None or role.marks != owner.marks:
            statements.append(_comment("ROLE", name, owner.marks))
    second = names.second in verifiers or names.second in observed.roles
    return [
        *statements,
        *membership_statements(observed, (names.owner, names.runtime)),
        *(_replacement_statements(names, observed) if second else []),
    ]


def _replacement_statements(names: Names, observed: OnServer) -> Statements:
    """Return the statements that let the second login's sessions act as the runtime role, which owns what they create.

    The rights are inherited, too: a connection pool that resets its sessions resets their role.
    """
    role = observed.roles.get(names.second)
    if role and role.replaces_runtime:
        return []
    runtime = sql.Identifier(names.runtime)
    inherit = [_say("ALTER ROLE {} INHERIT", names.second)] if role else []
    grant = sql.SQL("GRANT {} TO {}").format(runtime, sql.Identifier(names.second))
    return [*inherit, grant, _say("ALTER ROLE {} SET role TO {}", names.second, names.runtime)]


def rotation_statements(names: Names, observed: OnServer, owner: Owner, verifiers: Mapping[str, str]) -> Statements:
    """Return the statements that give logins new passwords: `verifiers` by the name of the login."""
    existing = {name: verifier for name, verifier in verifiers.items() if name in observed.roles}
    return [*role_statements(names, observed, owner, verifiers), *password_statements(existing)]


def retirement_statements(login: str) -> Statements:
    """Return the statements after which a login cannot log in any more; its sessions continue."""
    return [_say("ALTER ROLE {} NOLOGIN PASSWORD NULL", login)]


def membership_statements(observed: OnServer, names: tuple[str, ...]) -> Statements:
    """Return GRANTs that make an admin without superuser a member of the roles, so that it can change their objects.

    Up to PostgreSQL 15 a role can revoke the admin's membership.
    """
    if observed.superuser:
        return []
    left = [name for name in names if name not in observed.roles or not observed.roles[name].admin_is_member]
    return [_say("GRANT {} TO CURRENT_USER", name) for name in left]


def password_statements(verifiers: Mapping[str, str]) -> Statements:
    """Return the statements for existing roles with another password."""
    return [_say("ALTER ROLE {} PASSWORD {}", name, verifier) for name, verifier in verifiers.items()]


def create_database(names: Names, locale: list[str], *, pristine: bool) -> sql.Composed:
    """Return CREATE DATABASE; if `pristine`, from `template0`, which nobody can change or block with a session.

    At first PUBLIC may connect, so the database accepts no connections until `completion_statements`.
    """
    create = _say("CREATE DATABASE {} OWNER {} ALLOW_CONNECTIONS false", names.database, sql.Identifier(names.owner))
    if not pristine:
        return create
    words: LiteralString = " TEMPLATE template0"
    if locale:
        words += " ENCODING {} LC_COLLATE {} LC_CTYPE {}"
    return create + sql.SQL(words).format(*map(sql.Literal, locale))


def connect_statements(names: Names, observed: OnServer) -> Statements:
    """Return the statements for the rights on an existing database."""
    statements: Statements = []
    if any(grantee == "" for grantee, _ in observed.grants):
        statements.append(_say("REVOKE ALL ON DATABASE {} FROM PUBLIC", names.database))
    if not observed.granted(names.owner) >= _OWNERS:
        statements.append(_say("GRANT ALL ON DATABASE {} TO {}", names.database, sql.Identifier(names.owner)))
    runtime = observed.granted(names.runtime)
    if runtime - {"CONNECT"}:
        statements.append(_say("REVOKE ALL ON DATABASE {} FROM {}", names.database, sql.Identifier(names.runtime)))
    if runtime != {"CONNECT"}:
        statements.append(_say("GRANT CONNECT ON DATABASE {} TO {}", names.database, sql.Identifier(names.runtime)))
    return statements


def completion_statements(names: Names, observed: OnServer, owner: Owner) -> Statements:
    """Return the statements that open a new database and write its owner marks; its rights are in place before.

    A database with a comment was complete once: if it accepts no connections, a person wants that.
    """
    statements: Statements = []
    if observed.database_marks is None and not observed.connectable:
        statements.append(_say("ALTER DATABASE {} ALLOW_CONNECTIONS true", names.database))
    # for people who read it; a comment that the owner wrote stays
    if observed.database_marks is None or (observed.database_marks and observed.database_marks != owner.marks):
        statements.append(_comment("DATABASE", names.database, owner.marks))
    return statements


def schema_statements(names: Names, schema: PublicSchema | None) -> Statements:
    """Return the statements for the runtime role's rights on the schema `public`: use it, create nothing."""
    if schema is None:
        return []
    runtime = sql.Identifier(names.runtime)
    statements: Statements = []
    if ("", "CREATE") in schema.grants:
        statements.append(sql.SQL("REVOKE CREATE ON SCHEMA public FROM PUBLIC").format())
    if (names.runtime, "CREATE") in schema.grants:
        statements.append(sql.SQL("REVOKE CREATE ON SCHEMA public FROM {}").format(runtime))
    if (names.runtime, "USAGE") not in schema.grants:
        statements.append(sql.SQL("GRANT USAGE ON SCHEMA public TO {}").format(runtime))
    return statements


def take_public(names: Names) -> sql.Composed:
    """Return the admin's statement that gives the schema `public` to the database's owner."""
    return _say("ALTER SCHEMA public OWNER TO {}", names.owner)


def right_statements(names: Names, observed: InDatabase) -> Statements:
    """Return the statements for the runtime role's rights in `public` and on new objects: read and write rows."""
    if observed.schema is None:
        return []
    runtime = sql.Identifier(names.runtime)
    statements = schema_statements(names, observed.schema)
    future: LiteralString = "ALTER DEFAULT PRIVILEGES FOR ROLE {} IN SCHEMA public GRANT "
    if not {("r", privilege) for privilege in _ROWS} <= observed.defaults:
        tables: LiteralString = "SELECT, INSERT, UPDATE, DELETE ON TABLES TO {}"
        statements.append(_say(future + tables, names.owner, runtime))
    if not {("S", privilege) for privilege in _COUNTERS} <= observed.defaults:
        sequences: LiteralString = "USAGE, SELECT ON SEQUENCES TO {}"
        statements.append(_say(future + sequences, names.owner, runtime))
    return statements


def grant_statements(names: Names, observed: InDatabase) -> Statements:
    """Return GRANTs on existing objects, each for its own transaction: PostgreSQL locks all objects of one."""
    tables: LiteralString = "GRANT SELECT, INSERT, UPDATE, DELETE ON TABLE {} TO {}"
    sequences: LiteralString = "GRANT USAGE, SELECT ON SEQUENCE {} TO {}"
    return [*_on(tables, observed.closed_tables, names), *_on(sequences, observed.closed_sequences, names)]


def retention_statements(names: Names, observed: OnServer, owner: Owner) -> Statements:
    """Return the statements that mark roles and database as retained, for a later Microservice of the same name."""
    marks = {**owner.marks, marks_names.TAG_RETAINED: owner.retained}
    statements = [_comment("ROLE", name, marks) for name, role in sorted(observed.roles.items()) if role.marks != marks]
    # one without a comment is incomplete, and its next owner must see that
    if observed.database and observed.database_marks not in (marks, {}, None):
        statements = [
            *membership_statements(observed, (names.owner,)),
            *statements,
            _comment("DATABASE", names.database, marks),
        ]
    return statements


def _attributes(role: Role, *, login: bool) -> list[sql.SQL]:
    words = [sql.SQL(_without(power)) for power in role.powers]
    if not login:
        return words
    if role.expired:
        words.append(sql.SQL("VALID UNTIL 'infinity'"))
    if words or not role.login:
        words.append(sql.SQL("LOGIN"))
    return words


def _say(statement: LiteralString, name: str, value: "str | sql.Composable | None" = None) -> sql.Composed:
    values = () if value is None else (value if isinstance(value, sql.Composable) else sql.Literal(value),)
    return sql.SQL(statement).format(sql.Identifier(name), *values)


def _on(statement: LiteralString, objects: Sequence[str], names: Names) -> Iterator[sql.Composed]:
    for first in range(0, len(objects), _BATCH):
        listed = sql.SQL(", ").join(sql.Identifier("public", name) for name in objects[first : first + _BATCH])
        yield sql.SQL(statement).format(listed, sql.Identifier(names.runtime))


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
