"""Objects with which a tenant tries to run code in another user's session: shadows of every name that a query uses.

Each shadow calls `gain`, which records the role that ran it and tries to take what that role can grant.
"""

from itertools import product

TYPES = ["name", "text", "oid", '"char"', "boolean", "integer", "regclass", "name[]", "text[]", '"char"[]']
YIELDS = {"||": "text", "+": "text", "=": "boolean", "<>": "boolean", "<": "boolean", ">": "boolean", "~~": "boolean"}
CATALOGS = [
    "pg_roles",
    "pg_database",
    "pg_class",
    "pg_namespace",
    "pg_extension",
    "pg_default_acl",
    "pg_sequence",
    "pg_shdescription",
    "pg_available_extensions",
    "pg_available_extension_versions",
]
FUNCTIONS = [  # name, types of its arguments, what it yields, an answer
    ("shobj_description", "oid, name", "text", "'mine'"),
    ("shobj_description", "oid, text", "text", "'mine'"),
    ("pg_get_userbyid", "oid", "name", "'mine'"),
    ("pg_get_userbyid", "integer", "name", "'mine'"),
    ("acldefault", '"char", oid', "aclitem[]", "NULL"),
    ("acldefault", "text, oid", "aclitem[]", "NULL"),
    ("pg_has_role", "oid, text", "boolean", "true"),
    ("pg_has_role", "name, oid, text", "boolean", "true"),
    ("has_table_privilege", "name, oid, text", "boolean", "true"),
    ("has_table_privilege", "text, oid, text", "boolean", "true"),
    ("has_sequence_privilege", "name, oid, text", "boolean", "true"),
    ("has_column_privilege", "oid, text, text, text", "boolean", "true"),
    ("has_column_privilege", "name, text, text, text", "boolean", "true"),
    ("array_remove", "text[], text", "text[]", "NULL"),
    ("pg_encoding_to_char", "integer", "name", "'UTF8'"),
    ("now", "", "timestamptz", "NULL"),
]
# by which no role may have a session that is not its own look at its objects first, or be less than it is
SETTINGS = [
    "search_path = public, pg_catalog",
    "role = '{owner}'",
    "role = '{app}'",
    "session_authorization = '{owner}'",
    "standard_conforming_strings = off",
    "default_transaction_isolation = serializable",
    "default_transaction_read_only = on",
    "local_preload_libraries = 'nothing'",
    "statement_timeout = '1ms'",
    "lock_timeout = '1ms'",
    "client_encoding = 'SQL_ASCII'",
    "row_security = off",
    "array_nulls = off",
    "check_function_bodies = off",
    "password_encryption = md5",
    "DateStyle = 'German'",
]
EVENT_TRIGGER = """
CREATE FUNCTION {schema}.fired() RETURNS event_trigger LANGUAGE plpgsql AS 'BEGIN PERFORM {schema}.gain(); END';
CREATE EVENT TRIGGER hostile ON ddl_command_start EXECUTE FUNCTION {schema}.fired()
"""


def gain(schema: str, roles: list[str], admin: str) -> str:
    """The function that all shadows call."""
    wishes = [
        "RESET ROLE",
        "RESET SESSION AUTHORIZATION",
        f'SET SESSION AUTHORIZATION "{admin}"',
        f'SET ROLE "{admin}"',
    ]
    for role in roles:
        powers = ("SUPERUSER", "CREATEROLE", "CREATEDB", "REPLICATION", "BYPASSRLS")
        wishes += [f'ALTER ROLE "{role}" {power}' for power in powers]
        wishes += [f'GRANT "{admin}" TO "{role}"', f'GRANT pg_read_all_settings TO "{role}"']
        wishes += [f'ALTER DATABASE postgres OWNER TO "{role}"', f'GRANT CREATE ON DATABASE postgres TO "{role}"']
    listed = ", ".join(f"'{wish}'" for wish in wishes)
    return f"""
    CREATE TABLE {schema}.ran (who text, really text);
    GRANT ALL ON {schema}.ran TO PUBLIC;
    CREATE FUNCTION {schema}.gain() RETURNS boolean LANGUAGE plpgsql AS $$
    DECLARE wish pg_catalog.text;
    BEGIN
      INSERT INTO {schema}.ran VALUES (current_user::pg_catalog.text, session_user::pg_catalog.text);
      FOREACH wish IN ARRAY ARRAY[{listed}]::pg_catalog.text[] LOOP
        BEGIN EXECUTE wish; EXCEPTION WHEN OTHERS THEN NULL; END;
      END LOOP;
      RETURN true;
    END $$;
    """


def shadows(schema: str) -> list[str]:
    """Statements that make them, each for itself: what one version refuses another may take."""
    said = [
        f"CREATE FUNCTION {schema}.as_{kind}(l {left}, r {right}) RETURNS {kind} LANGUAGE plpgsql AS "
        f"'BEGIN PERFORM {schema}.gain(); RETURN {answer}; END'"
        for (kind, answer), left, right in product((("text", "$t$mine$t$"), ("boolean", "true")), TYPES, TYPES)
    ]
    said += [
        f"CREATE OPERATOR {schema}.{name} (LEFTARG = {left}, RIGHTARG = {right}, FUNCTION = {schema}.as_{kind})"
        for (name, kind), left, right in product(YIELDS.items(), TYPES, TYPES)
    ]
    said += [
        f"CREATE FUNCTION {schema}.{name}({arguments}) RETURNS {kind} LANGUAGE plpgsql AS "
        f"$$BEGIN PERFORM {schema}.gain(); RETURN {answer}; END$$"
        for name, arguments, kind, answer in FUNCTIONS
    ]
    said += [
        f"CREATE VIEW {schema}.{name} AS SELECT c.*, {schema}.gain() FROM pg_catalog.{name} c WHERE {schema}.gain()"
        for name in CATALOGS
    ]
    said += [
        f"CREATE DOMAIN {schema}.{name} AS pg_catalog.text CHECK ({schema}.gain())" for name in ("name", "regclass")
    ]
    return [*said, *_objects(schema)]


def _objects(schema: str) -> list[str]:
    """A type with casts to and from everything, and tables whose columns, indexes, triggers and policies call it."""
    call = f"$$BEGIN PERFORM {schema}.gain(); RETURN NEW; END$$"
    said = [
        f"CREATE TYPE {schema}.evil AS (v pg_catalog.text)",
        f"CREATE FUNCTION {schema}.same(v pg_catalog.text) RETURNS pg_catalog.text IMMUTABLE LANGUAGE plpgsql AS "
        f"$$BEGIN PERFORM {schema}.gain(); RETURN v; END$$",
        f"CREATE TABLE {schema}.trap (id serial, v pg_catalog.text DEFAULT {schema}.gain()::pg_catalog.text)",
        f"CREATE INDEX ON {schema}.trap ({schema}.same(v))",
        f"ALTER TABLE {schema}.trap ADD g pg_catalog.text GENERATED ALWAYS AS ({schema}.same(v)) STORED",
        f"CREATE FUNCTION {schema}.fire() RETURNS trigger LANGUAGE plpgsql AS {call}",
        f"CREATE TRIGGER fire BEFORE INSERT ON {schema}.trap EXECUTE FUNCTION {schema}.fire()",
        f"ALTER TABLE {schema}.trap ENABLE ROW LEVEL SECURITY",
        f"CREATE POLICY trap ON {schema}.trap USING ({schema}.gain())",
        f"CREATE RULE trap AS ON UPDATE TO {schema}.trap DO ALSO SELECT {schema}.gain()",
        f"COMMENT ON SCHEMA {schema} IS 'mine'",
        f"COMMENT ON TABLE {schema}.trap IS 'mine'",
        "ALTER DEFAULT PRIVILEGES GRANT ALL ON TABLES TO PUBLIC",
    ]
    for kind in ("pg_catalog.text", "pg_catalog.name", "pg_catalog.oid"):
        cast = f"{schema}.to_{kind.split('.')[1]}"
        said += [
            f"CREATE FUNCTION {cast}(v {schema}.evil) RETURNS {kind} LANGUAGE plpgsql AS "
            f"$$BEGIN PERFORM {schema}.gain(); RETURN NULL; END$$",
            f"CREATE CAST ({schema}.evil AS {kind}) WITH FUNCTION {cast} AS IMPLICIT",
        ]
    return said
