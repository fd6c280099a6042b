"""Runs a service's Alembic migrations: ``migrations/env.py`` calls it in the Job that runs as the schema's owner.

All migrations run in one transaction that first takes an advisory lock. So two concurrent Jobs (a retry, a second
rollout) run one after the other, and the second finds nothing to do. A failed migration leaves the schema unchanged.
"""

import os

from alembic import context
from sqlalchemy import MetaData, create_engine, pool, text

from shop_shared.postgres import sqlalchemy_url

# Any number works if all Jobs use the same one: advisory locks are per database.
LOCK = 7_310_001


def run(metadata: MetaData) -> None:
    if context.is_offline_mode():
        raise SystemExit("migrations need a database; set DATABASE_URL and omit --sql")
    url = os.environ.get("DATABASE_URL")
    if not url:
        raise SystemExit("DATABASE_URL is not set; set it to the URL of the schema's owner")
    engine = create_engine(sqlalchemy_url(url), poolclass=pool.NullPool, connect_args={"connect_timeout": 10})
    with engine.begin() as connection:
        connection.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": LOCK})
        # A schema change that waits for a long query blocks all later queries: fail instead.
        connection.execute(text("SET LOCAL lock_timeout = '10s'"))
        context.configure(connection=connection, target_metadata=metadata, compare_server_default=True)
        context.run_migrations()
