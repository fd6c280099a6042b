"""A PostgreSQL server for the shop, with databases and roles as the operator creates them."""

from dataclasses import dataclass

from psycopg import sql

from tests.postgres.server import PostgresServer

ON_THE_SERVER = """
CREATE ROLE {owner} LOGIN PASSWORD {password};
CREATE ROLE {app} LOGIN PASSWORD {password};
CREATE DATABASE {db} OWNER {owner};
REVOKE ALL ON DATABASE {db} FROM PUBLIC;
GRANT CONNECT ON DATABASE {db} TO {app}
"""
IN_THE_DATABASE = """
ALTER SCHEMA public OWNER TO {owner};
GRANT USAGE ON SCHEMA public TO {app};
ALTER DEFAULT PRIVILEGES FOR ROLE {owner} IN SCHEMA public GRANT SELECT, INSERT, UPDATE, DELETE ON TABLES TO {app}
"""


@dataclass(frozen=True)
class Database:
    """A database with two roles: the owner runs migrations, and the service can only read and write rows."""

    name: str
    owner_url: str
    url: str


class ShopPostgres(PostgresServer):
    def __init__(self) -> None:
        super().__init__(max_connections=100)

    def url(self, database: str, role: str) -> str:
        return f"postgresql://{role}:{self.password}@127.0.0.1:{self.port}/{database}?sslmode=disable"

    def create(self, name: str) -> Database:
        """Create a database with an owner, and with a service role that has no rights on the schema."""
        owner, app = f"{name}_owner", f"{name}_app"
        names = {"db": sql.Identifier(name), "owner": sql.Identifier(owner), "app": sql.Identifier(app)}
        for database, statements in (("postgres", ON_THE_SERVER), (name, IN_THE_DATABASE)):
            for statement in statements.strip().split(";\n"):
                rendered = sql.SQL(statement).format(**names, password=sql.Literal(self.password))
                self.run(rendered.as_string(), database)
        return Database(name, owner_url=self.url(name, owner), url=self.url(name, app))
