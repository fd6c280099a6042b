"""Compares the list of parameters that need a restart with PostgreSQL's own."""

from microservice_operator.aws.rds.parameters import STATIC
from tests.postgres.server import PostgresServer


def test_what_takes_a_restart_is_what_postgresql_says(postgres: PostgresServer) -> None:
    contexts = dict(postgres.run("SELECT name, context FROM pg_settings"))
    assert {name for name, context in contexts.items() if context == "postmaster"} <= STATIC
    # RDS has some that are static there and not here, and those of PostgreSQL 17 and before
    others = {name for name in STATIC & contexts.keys() if contexts[name] != "postmaster"}
    assert others <= {"autovacuum_max_workers", "ssl", "temp_file_limit"}
