"""What a server says of a declared database and its two roles: read-only queries, and the values that they answer."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from .. import names as marks_names
from ..ownership import Owner, Standing
from .servers import Session


@dataclass(frozen=True)
class Names:
    """A database and its two roles, as the server knows them."""

    database: str
    owner: str
    runtime: str

    @classmethod
    def of(cls, owner: Owner, database: str) -> "Names":
        """Deterministic, within PostgreSQL's 63 bytes with their suffixes."""
        base = owner.name(database, 57, "_")
        return cls(base, f"{base}_owner", f"{base}_app")


@dataclass(frozen=True)
class Role:
    """One role: its marks, its attributes, whether the admin is a member of it."""

    marks: Mapping[str, str]
    login: bool
    powers: tuple[str, ...]
    admin_is_member: bool
    verifier: str | None = None


@dataclass(frozen=True)
class OnServer:
    """What the server holds under our names. `readable` says that the admin may read stored passwords."""

    superuser: bool
    readable: bool
    roles: Mapping[str, Role]
    database: bool = False
    database_owner: str = ""
    database_marks: Mapping[str, str] | None = None
    grants: frozenset[tuple[str, str]] = frozenset()  # grantee ("" is everybody), privilege

    def standing(self, owner: Owner, names: Names, *, dedicated: bool = False) -> Standing | None:
        """Whose it all is; None when there is nothing.

        A database without a comment is what a crash leaves between its creation and its marking, if our role owns it.
        On a `dedicated` server, whose own marks say whose it is, an earlier Microservice of the same name has left all
        behind, although nobody was there to mark it so.
        """

        def read(marks: Mapping[str, str]) -> Standing:
            return owner.standing({**marks, marks_names.TAG_RETAINED: "true"} if dedicated else marks)

        found = {read(role.marks) for role in self.roles.values()}
        if self.database:
            ours = self.database_owner == names.owner and names.owner in self.roles
            marks = self.database_marks
            if marks is None:
                found.add(read(self.roles[names.owner].marks) if ours else Standing.FOREIGN)
            else:
                found.add(read(marks))
        for standing in (Standing.FOREIGN, Standing.RETAINED, Standing.OURS):
            if standing in found:
                return standing
        return None


@dataclass(frozen=True)
class InDatabase:
    """What the database itself holds; `schema` is absent if the service has dropped `public`."""

    schema: frozenset[tuple[str, str]] | None
    defaults: frozenset[tuple[str, str]]  # object type, privilege: what the owner's new objects give the runtime role
    closed_tables: tuple[str, ...]
    closed_sequences: tuple[str, ...]
    extensions: frozenset[str]


_ROLES = """
SELECT rolname, shobj_description(oid, 'pg_authid'), rolcanlogin,
       array_remove(ARRAY[CASE WHEN rolsuper THEN 'SUPERUSER' END, CASE WHEN rolcreatedb THEN 'CREATEDB' END,
                          CASE WHEN rolcreaterole THEN 'CREATEROLE' END, CASE WHEN rolreplication THEN 'REPLICATION'
                          END, CASE WHEN rolbypassrls THEN 'BYPASSRLS' END], NULL),
       pg_has_role(current_user, oid, 'USAGE')
FROM pg_roles WHERE rolname = ANY(%s)
"""
_DATABASE = """
SELECT pg_get_userbyid(datdba), shobj_description(d.oid, 'pg_database'),
       ARRAY(SELECT CASE WHEN grantee = 0 THEN '' ELSE pg_get_userbyid(grantee) END || ' ' || privilege_type
             FROM aclexplode(coalesce(datacl, acldefault('d', datdba))))
FROM pg_database d WHERE datname = %s
"""
_ADMIN = """
SELECT rolsuper, has_column_privilege(current_user, 'pg_catalog.pg_authid', 'rolpassword', 'SELECT')
FROM pg_roles WHERE rolname = current_user
"""
_SCHEMA = """
SELECT ARRAY(SELECT CASE WHEN grantee = 0 THEN '' ELSE pg_get_userbyid(grantee) END || ' ' || privilege_type
             FROM aclexplode(coalesce(nspacl, acldefault('n', nspowner))))
FROM pg_namespace WHERE nspname = 'public'
"""
_DEFAULTS = """
SELECT defaclobjtype::text, a.privilege_type
FROM pg_default_acl, aclexplode(defaclacl) a
WHERE defaclrole = %(owner)s::regrole AND defaclnamespace = 'public'::regnamespace AND a.grantee = %(runtime)s::regrole
"""
# A migration may take single rights away again; only what the runtime role cannot touch at all was never opened to it.
_CLOSED = """
SELECT relname, relkind = 'S' FROM pg_class
WHERE relnamespace = 'public'::regnamespace AND relowner = %(owner)s::regrole
  AND CASE WHEN relkind IN ('r', 'p', 'v', 'm')
           THEN NOT has_table_privilege(%(runtime)s, oid, 'SELECT, INSERT, UPDATE, DELETE')
           WHEN relkind = 'S' THEN NOT has_sequence_privilege(%(runtime)s, oid, 'USAGE, SELECT') ELSE false END
ORDER BY relname
"""


async def observe_server(session: Session, names: Names) -> OnServer:
    """Four small queries of shared catalogs."""
    [[superuser, readable]] = await _rows(session, _ADMIN)
    wanted = [names.owner, names.runtime]
    verifiers: dict[str, str | None] = {}
    if readable:
        stored = await _rows(session, "SELECT rolname, rolpassword FROM pg_authid WHERE rolname = ANY(%s)", [wanted])
        verifiers = {name: verifier for name, verifier in stored}  # noqa: C416 rows are tuples of unknown length to mypy
    roles = {
        name: Role(_marks(comment) or {}, login, tuple(powers), member, verifiers.get(name))
        for name, comment, login, powers, member in await _rows(session, _ROLES, [wanted])
    }
    for owner, comment, grants in await _rows(session, _DATABASE, [names.database]):
        return OnServer(superuser, readable, roles, True, owner, _marks(comment), _pairs(grants))  # noqa: FBT003
    return OnServer(superuser, readable, roles)


async def observe_database(session: Session, names: Names) -> InDatabase:
    """A few queries of the database's own catalogs."""
    schema = await _rows(session, _SCHEMA)
    extensions = await _rows(session, "SELECT extname FROM pg_extension")
    if not schema:
        return InDatabase(None, frozenset(), (), (), frozenset(name for (name,) in extensions))
    roles = {"owner": f'"{names.owner}"', "runtime": f'"{names.runtime}"'}
    defaults = await _rows(session, _DEFAULTS, roles)
    closed = await _rows(session, _CLOSED, {"owner": roles["owner"], "runtime": names.runtime})
    return InDatabase(
        schema=_pairs(schema[0][0]),
        defaults=frozenset((kind, privilege) for kind, privilege in defaults),
        closed_tables=tuple(name for name, sequence in closed if not sequence),
        closed_sequences=tuple(name for name, sequence in closed if sequence),
        extensions=frozenset(name for (name,) in extensions),
    )


async def _rows(session: Session, query: Any, parameters: Any = None) -> list[Any]:
    cursor = await session.execute(query, parameters)
    return await cursor.fetchall()


def _pairs(grants: list[str]) -> frozenset[tuple[str, str]]:
    split = (grant.rpartition(" ") for grant in grants)
    return frozenset((grantee, privilege) for grantee, _, privilege in split)


def _marks(comment: str | None) -> Mapping[str, str] | None:
    """Marks in a comment; a comment that is none of ours has none."""
    if comment is None:
        return None
    try:
        parsed = json.loads(comment)
    except ValueError:
        return {}
    return {str(key): str(value) for key, value in parsed.items()} if isinstance(parsed, dict) else {}
