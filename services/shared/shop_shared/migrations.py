"""Runs a service's alembic migrations: called by ``migrations/env.py`` in the Job that runs as the schema's owner.

All of it is one transaction that first takes an advisory lock. Two Jobs (a retry, a second rollout) therefore queue
up, and the second one finds nothing left to do. A migration that fails leaves the schema as it was.
"""

import os

from alembic import context
from sqlalchemy import MetaData, create_engine, pool, text

from shop_shared.postgres import sqlalchemy_url

# Any number will do, if it is the same in every Job: advisory locks are per database.
LOCK = 7_310_001


def run(metadata: MetaData) -> None:
    if context.is_offline_mode():
        raise SystemExit("migrations need a database: set DATABASE_URL and leave out --sql")
    url = os.environ.get("DATABASE_URL")
    if not url:
        raise SystemExit("DATABASE_URL is not set; it must be the URL of the schema's owner")
    engine = create_engine(sqlalchemy_url(url), poolclass=pool.NullPool, connect_args={"connect_timeout": 10})
    with engine.begin() as connection:
        connection.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": LOCK})
        # A change that waits for a long query would make every other query wait behind it: give up instead.
        connection.execute(text("SET LOCAL lock_timeout = '10s'"))
        context.configure(connection=connection, target_metadata=metadata, compare_server_default=True)
        context.run_migrations()
