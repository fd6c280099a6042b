"""Read-only queries of a server about a declared database and its two roles, and their results.

Every name and operator is qualified with its schema, so that no query depends on a session's search path. Python, not
SQL, combines the results where possible.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, LiteralString

from .. import names as marks_names
from ..ownership import Owner, Ownership
from ..raw_objects import json_mapping
from .sessions import Session


@dataclass(frozen=True)
class Names:
    """Names of a database and its roles on the server.

    The service logs in as `runtime` or as its member `second`; a rotation changes from one to the other. `runtime` has
    all rights, also while it cannot log in.
    """

    database: str
    owner: str
    runtime: str

    @property
    def second(self) -> str:
        """The service's second login, which the first rotation creates."""
        return f"{self.runtime}2"

    def runtime_login(self, username: str) -> str:
        """Return the service's login of this name; the first one if it is neither."""
        return username if username in (self.runtime, self.second) else self.runtime

    def other_login(self, username: str) -> str:
        """Return the service's other login."""
        return self.second if self.runtime_login(username) == self.runtime else self.runtime

    @classmethod
    def of(cls, owner: Owner, database: str) -> "Names":
        """Return deterministic names, at most PostgreSQL's 63 bytes long with their suffixes."""
        base = owner.name(database, 57, "_")
        return cls(base, f"{base}_owner", f"{base}_app")


@dataclass(frozen=True)
class Role:
    """One role: its owner marks and attributes, whether its password expired, whether the admin is a member of it.

    `replaces_runtime`: it has the rights of the runtime role, and its sessions act as that role.
    """

    marks: Mapping[str, str]
    login: bool
    powers: tuple[str, ...]
    expired: bool
    admin_is_member: bool
    verifier: str | None = None
    replaces_runtime: bool = False


@dataclass(frozen=True)
class OnServer:
    """Objects with our names on the server. `readable` if the admin may read stored passwords.

    `connectable` if the database accepts connections. Without `database_marks` the database is incomplete: its comment
    is written last.
    """

    superuser: bool
    readable: bool
    roles: Mapping[str, Role]
    database: bool = False
    database_owner: str = ""
    database_marks: Mapping[str, str] | None = None
    connectable: bool = False
    template: bool = False
    grants: frozenset[tuple[str, str]] = frozenset()  # granted by the owner: grantee ("" is everybody), privilege

    def granted(self, role: str) -> set[str]:
        """Return a role's privileges on the database."""
        return {privilege for grantee, privilege in self.grants if grantee == role}

    def standing(self, owner: Owner, names: Names, *, dedicated: bool = False) -> Ownership | None:
        """Return the ownership of database and roles, or None if none of them exists.

        The roles' marks decide, and whether our role owns the database. An owner can write the comment of its database,
        but only an admin can write that of a role; and changing a database's owner needs the right to create databases.
        A `dedicated` server has its own owner tags. Objects of an earlier Microservice of the same name on it count as
        retained, although nobody marked them so.
        """

        def read(marks: Mapping[str, str]) -> Ownership:
            return owner.standing({**marks, marks_names.TAG_RETAINED: owner.retained} if dedicated else marks)

        standings = {read(role.marks) for role in self.roles.values()}
        if self.database and not (self.database_owner == names.owner and names.owner in self.roles):
            standings.add(Ownership.FOREIGN)
        for standing in (Ownership.FOREIGN, Ownership.RETAINED, Ownership.OURS):
            if standing in standings:
                return standing
        return None


POWERS = ("SUPERUSER", "CREATEDB", "CREATEROLE", "REPLICATION", "BYPASSRLS")
_ADMIN = """
SELECT rolsuper, pg_catalog.has_column_privilege(oid, 'pg_catalog.pg_authid', 'rolpassword', 'SELECT')
FROM pg_catalog.pg_roles WHERE rolname OPERATOR(pg_catalog.=) current_user
"""
_ROLES = """
SELECT r.rolname, d.description, r.rolcanlogin,
       r.rolsuper, r.rolcreatedb, r.rolcreaterole, r.rolreplication, r.rolbypassrls,
       r.rolvaliduntil OPERATOR(pg_catalog.<) pg_catalog.now(), pg_catalog.pg_has_role(r.oid, 'USAGE'),
       (SELECT pg_catalog.pg_has_role(r.oid, g.oid, 'USAGE') FROM pg_catalog.pg_roles g
        WHERE g.rolname OPERATOR(pg_catalog.=) %s), r.rolconfig
FROM pg_catalog.pg_roles r LEFT JOIN pg_catalog.pg_shdescription d ON d.objoid OPERATOR(pg_catalog.=) r.oid
     AND d.classoid OPERATOR(pg_catalog.=) 'pg_catalog.pg_authid'::pg_catalog.regclass
WHERE r.rolname OPERATOR(pg_catalog.=) ANY (%s)
"""
_VERIFIERS = "SELECT rolname, rolpassword FROM pg_catalog.pg_authid WHERE rolname OPERATOR(pg_catalog.=) ANY (%s)"
_DATABASE = """
SELECT r.rolname, c.description, d.datallowconn, d.datistemplate
FROM pg_catalog.pg_database d JOIN pg_catalog.pg_roles r ON r.oid OPERATOR(pg_catalog.=) d.datdba
     LEFT JOIN pg_catalog.pg_shdescription c ON c.objoid OPERATOR(pg_catalog.=) d.oid
     AND c.classoid OPERATOR(pg_catalog.=) 'pg_catalog.pg_database'::pg_catalog.regclass
WHERE d.datname OPERATOR(pg_catalog.=) %s
"""
_GRANTS = """
SELECT r.rolname, a.privilege_type
FROM pg_catalog.pg_database d,
     pg_catalog.aclexplode(COALESCE(d.datacl, pg_catalog.acldefault('d', d.datdba))) a
     LEFT JOIN pg_catalog.pg_roles r ON r.oid OPERATOR(pg_catalog.=) a.grantee
WHERE d.datname OPERATOR(pg_catalog.=) %s AND a.grantor OPERATOR(pg_catalog.=) d.datdba
"""
_SESSIONS = "SELECT pid FROM pg_catalog.pg_stat_activity WHERE usename OPERATOR(pg_catalog.=) %s"
_LOCALE = """
SELECT pg_catalog.pg_encoding_to_char(encoding), datcollate, datctype
FROM pg_catalog.pg_database WHERE datname OPERATOR(pg_catalog.=) 'template1'
"""
_TEMPLATE_OWNERS = """
SELECT DISTINCT r.rolname FROM pg_catalog.pg_shdepend s
     JOIN pg_catalog.pg_database d ON d.oid OPERATOR(pg_catalog.=) s.dbid
     JOIN pg_catalog.pg_roles r ON r.oid OPERATOR(pg_catalog.=) s.refobjid
WHERE d.datname OPERATOR(pg_catalog.=) 'template1' AND s.deptype OPERATOR(pg_catalog.=) 'o'::pg_catalog."char"
      AND s.refclassid OPERATOR(pg_catalog.=) 'pg_catalog.pg_authid'::pg_catalog.regclass
      AND r.rolcanlogin AND NOT (r.rolsuper OR r.rolcreaterole OR r.rolcreatedb)
"""


async def observe_server(session: Session, names: Names) -> OnServer:
    """Query the server's shared catalogs."""
    [[superuser, readable]] = await rows(session, _ADMIN)
    wanted = [names.owner, names.runtime, names.second]
    verifiers: dict[str, str | None] = {}
    if readable:
        verifiers = {name: verifier for name, verifier in await rows(session, _VERIFIERS, [wanted])}  # noqa: C416 rows are tuples of unknown length to mypy
    roles = {}
    parameters = [names.runtime, wanted]
    for name, comment, login, *powers, expired, member, rights, settings in await rows(session, _ROLES, parameters):
        held = tuple(word for word, has in zip(POWERS, powers, strict=True) if has)
        replaces = bool(rights) and f"role={names.runtime}" in (settings or [])
        roles[name] = Role(_marks(comment) or {}, login, held, bool(expired), member, verifiers.get(name), replaces)
    for owner, comment, connectable, template in await rows(session, _DATABASE, [names.database]):
        grants = frozenset((grantee or "", right) for grantee, right in await rows(session, _GRANTS, [names.database]))
        server = OnServer(superuser, readable, roles, database=True, database_owner=owner, grants=grants)
        return replace(server, database_marks=_marks(comment), connectable=connectable, template=template)
    return OnServer(superuser, readable, roles)


async def observe_sessions(session: Session, login: str) -> bool:
    """Return whether a session of this login is open, in any database; every role may see that."""
    return bool(await rows(session, _SESSIONS, [login]))


async def observe_locale(session: Session) -> list[str]:
    """Return encoding, collation and character type of `template1`, which an admin may have chosen; [] without it."""
    return [str(value) for row in await rows(session, _LOCALE) for value in row]


async def observe_template_owners(session: Session) -> list[str]:
    """Return logins without admin powers that own something in `template1`, the template of every database."""
    return sorted(name for (name,) in await rows(session, _TEMPLATE_OWNERS))


async def rows(session: Session, query: LiteralString, parameters: Any = None) -> list[Any]:
    """Run a query and return its rows."""
    cursor = await session.execute(query, parameters)
    return await cursor.fetchall()


def _marks(comment: str | None) -> Mapping[str, str] | None:
    """Return the owner marks in a comment; a foreign comment has none."""
    if comment is None:
        return None
    return {key: str(value) for key, value in json_mapping(comment).items()}
