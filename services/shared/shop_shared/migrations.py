"""Runs a service's Alembic migrations: ``migrations/env.py`` calls it in the Job that runs as the schema's owner.

All migrations run under one advisory lock. So two concurrent Jobs (a retry, a second rollout) run one after the other,
and the second finds nothing to do. Each migration is a transaction: one that fails leaves the schema unchanged, and
the next Job starts with it. Only an index of an existing table is created outside of a transaction, so that the pods of
the previous version can write meanwhile: see ``create_index``.
"""

import os
import time

from alembic import context, op
from sqlalchemy import Connection, MetaData, create_engine, pool, text

from shop_shared.postgres import sqlalchemy_url

# Any number works if all Jobs use the same one: advisory locks are per database.
LOCK = 7_310_001
LOCK_PAUSE_SECONDS = 0.5


def run(metadata: MetaData) -> None:
    if context.is_offline_mode():
        raise SystemExit("migrations need a database; set DATABASE_URL and omit --sql")
    url = os.environ.get("DATABASE_URL")
    if not url:
        raise SystemExit("DATABASE_URL is not set; set it to the URL of the schema's owner")
    engine = create_engine(sqlalchemy_url(url), poolclass=pool.NullPool, connect_args={"connect_timeout": 10})
    with engine.connect() as connection:
        _lock(connection)
        # A schema change that waits for a long query blocks all later queries: fail instead.
        connection.execute(text("SET lock_timeout = '10s'"))
        connection.commit()
        context.configure(
            connection=connection,
            target_metadata=metadata,
            compare_server_default=True,
            transaction_per_migration=True,
        )
        with context.begin_transaction():
            context.run_migrations()


def create_index(name: str, on: str) -> None:
    """Create an index of an existing table without blocking writes, in a migration that does nothing else.

    `on` is the part after ``ON``: ``orders(status)``. A migration that was interrupted leaves an invalid index, which
    is created again.
    """
    with op.get_context().autocommit_block():
        # It waits for the transactions that began before, and nothing waits for it.
        op.execute("SET lock_timeout = 0")
        invalid = text("SELECT 1 FROM pg_index WHERE indexrelid = to_regclass(:name) AND NOT indisvalid")
        if op.get_bind().execute(invalid, {"name": name}).first():
            op.execute(f"DROP INDEX CONCURRENTLY {name}")
        op.execute(f"CREATE INDEX CONCURRENTLY IF NOT EXISTS {name} ON {on}")
        op.execute("SET lock_timeout = '10s'")


def _lock(connection: Connection) -> None:
    """Take the lock for the rest of the session.

    A statement that waits for the lock would be a transaction that ``CREATE INDEX CONCURRENTLY`` of the other Job waits
    for: neither would end. So this asks again and again.
    """
    while not connection.execute(text("SELECT pg_try_advisory_lock(:lock)"), {"lock": LOCK}).scalar_one():
        connection.rollback()
        time.sleep(LOCK_PAUSE_SECONDS)
    connection.commit()
