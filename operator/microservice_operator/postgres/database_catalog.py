"""Read-only queries of a database's own catalogs, run as its owner, and their results."""

from dataclasses import dataclass

from .observe import Names, rows
from .sessions import Session

_BOOTSTRAP = 10  # the OID of the superuser that initdb creates (PostgreSQL, pg_authid.dat)


@dataclass(frozen=True)
class PublicSchema:
    """The schema `public`.

    `ours` if the database's owner may change it. Before PostgreSQL 15, and in databases from pg_upgrade, it belongs to
    the server's first superuser (`bootstrap`). `grants` are only those of its owner: grants by other roles, with a
    grant option, are their own.
    """

    owner: str
    ours: bool
    bootstrap: bool
    grants: frozenset[tuple[str, str]]  # grantee ("" is everybody), privilege


@dataclass(frozen=True)
class InDatabase:
    """State inside the database; `schema` is None if the service has dropped `public`."""

    schema: PublicSchema | None
    defaults: frozenset[tuple[str, str]] = frozenset()  # type, privilege: runtime's rights on new objects
    closed_tables: tuple[str, ...] = ()
    closed_sequences: tuple[str, ...] = ()
    extensions: frozenset[str] = frozenset()


_EXTENSIONS = "SELECT extname FROM pg_catalog.pg_extension"
_SCHEMA = """
SELECT n.nspowner, r.rolname, pg_catalog.pg_has_role(n.nspowner, 'USAGE')
FROM pg_catalog.pg_namespace n JOIN pg_catalog.pg_roles r ON r.oid OPERATOR(pg_catalog.=) n.nspowner
WHERE n.nspname OPERATOR(pg_catalog.=) 'public'
"""
_GRANTS = """
SELECT r.rolname, a.privilege_type
FROM pg_catalog.pg_namespace n,
     pg_catalog.aclexplode(COALESCE(n.nspacl, pg_catalog.acldefault('n', n.nspowner))) a
     LEFT JOIN pg_catalog.pg_roles r ON r.oid OPERATOR(pg_catalog.=) a.grantee
WHERE n.nspname OPERATOR(pg_catalog.=) 'public' AND a.grantor OPERATOR(pg_catalog.=) n.nspowner
"""
_DEFAULTS = """
SELECT d.defaclobjtype::pg_catalog.text, a.privilege_type
FROM pg_catalog.pg_default_acl d
     JOIN pg_catalog.pg_roles o ON o.oid OPERATOR(pg_catalog.=) d.defaclrole
     JOIN pg_catalog.pg_namespace n ON n.oid OPERATOR(pg_catalog.=) d.defaclnamespace,
     pg_catalog.aclexplode(d.defaclacl) a JOIN pg_catalog.pg_roles g ON g.oid OPERATOR(pg_catalog.=) a.grantee
WHERE n.nspname OPERATOR(pg_catalog.=) 'public' AND o.rolname OPERATOR(pg_catalog.=) %s
      AND g.rolname OPERATOR(pg_catalog.=) %s
"""
# A migration may revoke single rights; only a table without any right of the runtime role was never opened to it.
_TABLES = """
SELECT c.relname, pg_catalog.has_table_privilege(%s, c.oid, 'SELECT, INSERT, UPDATE, DELETE')
FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid OPERATOR(pg_catalog.=) c.relnamespace
     JOIN pg_catalog.pg_roles o ON o.oid OPERATOR(pg_catalog.=) c.relowner
WHERE n.nspname OPERATOR(pg_catalog.=) 'public' AND o.rolname OPERATOR(pg_catalog.=) %s
      AND c.relkind OPERATOR(pg_catalog.=) ANY ('{r,p,v,m}'::pg_catalog."char"[])
"""
_SEQUENCES = """
SELECT c.relname, pg_catalog.has_sequence_privilege(%s, c.oid, 'USAGE, SELECT')
FROM pg_catalog.pg_sequence s JOIN pg_catalog.pg_class c ON c.oid OPERATOR(pg_catalog.=) s.seqrelid
     JOIN pg_catalog.pg_namespace n ON n.oid OPERATOR(pg_catalog.=) c.relnamespace
     JOIN pg_catalog.pg_roles o ON o.oid OPERATOR(pg_catalog.=) c.relowner
WHERE n.nspname OPERATOR(pg_catalog.=) 'public' AND o.rolname OPERATOR(pg_catalog.=) %s
"""


async def observe_database(session: Session, names: Names) -> InDatabase:
    """Query the database's own catalogs in a session of its owner."""
    extensions = frozenset(name for (name,) in await rows(session, _EXTENSIONS))
    schema = await _public(session)
    if schema is None:
        return InDatabase(None, extensions=extensions)
    defaults = await rows(session, _DEFAULTS, [names.owner, names.runtime])
    # null: dropped in the meantime
    tables = await rows(session, _TABLES, [names.runtime, names.owner])
    sequences = await rows(session, _SEQUENCES, [names.runtime, names.owner])
    return InDatabase(
        schema=schema,
        defaults=frozenset((kind, privilege) for kind, privilege in defaults),
        closed_tables=tuple(sorted(name for name, opened in tables if opened is False)),
        closed_sequences=tuple(sorted(name for name, opened in sequences if opened is False)),
        extensions=extensions,
    )


async def _public(session: Session) -> PublicSchema | None:
    for oid, owner, ours in await rows(session, _SCHEMA):
        grants = frozenset((grantee or "", privilege) for grantee, privilege in await rows(session, _GRANTS))
        return PublicSchema(owner, ours, oid == _BOOTSTRAP, grants)
    return None
