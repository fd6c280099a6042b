"""The migration Job: on an empty database, repeated and concurrent; and the limits of the service's role."""

from collections.abc import Iterator
from itertools import count

import psycopg
import pytest

from shop_shared.migrations import LOCK
from tests.services.processes import alembic, migrate
from tests.services.shop_postgres import Database, ShopPostgres

_numbers = count()


@pytest.fixture
def database(postgres: ShopPostgres) -> Database:
    """An empty database, as the operator creates it."""
    return postgres.create(f"empty{next(_numbers)}")


@pytest.fixture(scope="package")
def orders(postgres: ShopPostgres) -> Iterator[psycopg.Connection]:
    database = postgres.create("orders_schema")
    migrate("order", database.owner_url)
    with psycopg.connect(database.owner_url) as connection:
        yield connection


@pytest.mark.parametrize("service", ["user", "order"])
def test_migrations_run_on_an_empty_database_and_again(service: str, database: Database) -> None:
    migrate(service, database.owner_url)
    migrate(service, database.owner_url)

    check = alembic(service, database.owner_url, "check")
    output, _ = check.communicate()
    assert check.returncode == 0, f"tables.py and the migrations differ:\n{output}"


def test_two_concurrent_migration_jobs_succeed(database: Database) -> None:
    jobs = [alembic("order", database.owner_url, "upgrade", "head") for _ in range(2)]
    outputs = [job.communicate()[0] for job in jobs]
    assert [job.returncode for job in jobs] == [0, 0], outputs


def test_a_migration_job_waits_for_the_lock_of_another(database: Database) -> None:
    with psycopg.connect(database.owner_url, autocommit=True) as earlier:
        earlier.execute("SELECT pg_advisory_lock(%s)", [LOCK])
        job = alembic("order", database.owner_url, "upgrade", "head")
        asking = "SELECT 1 FROM pg_stat_activity WHERE query LIKE 'SELECT pg_try_advisory_lock%%' AND datname = %s"
        while not earlier.execute(asking, [database.name]).fetchone():
            assert job.poll() is None, "the job did not wait"
        assert earlier.execute("SELECT to_regclass('orders')").fetchone() == (None,)
        earlier.execute("SELECT pg_advisory_unlock(%s)", [LOCK])
        output, _ = job.communicate()
    assert job.returncode == 0, output


def upgrade(database: Database, revision: str) -> None:
    job = alembic("order", database.owner_url, "upgrade", revision)
    output, _ = job.communicate()
    assert job.returncode == 0, output


def test_an_index_is_created_while_others_write(database: Database) -> None:
    """A transaction with a row that is not committed would block CREATE INDEX, and that every later write."""
    upgrade(database, "0003")
    with (
        psycopg.connect(database.owner_url) as open_transaction,
        psycopg.connect(database.owner_url, autocommit=True) as other,
    ):
        other.execute("SET lock_timeout = '5s'")
        order = "INSERT INTO orders (customer_id, total_amount, status) VALUES (gen_random_uuid(), 1, 'CONFIRMED')"
        open_transaction.execute(order.encode())
        job = alembic("order", database.owner_url, "upgrade", "head")
        creating = "SELECT 1 FROM pg_stat_activity WHERE query LIKE 'CREATE INDEX CONCURRENTLY%%' AND datname = %s"
        while not other.execute(creating, [database.name]).fetchone():
            assert job.poll() is None, "the job did not wait for the open transaction"
        second = alembic("order", database.owner_url, "upgrade", "head")
        for _ in range(5):
            other.execute(order.encode())
        open_transaction.commit()
        outputs = [each.communicate()[0] for each in (job, second)]
    assert [job.returncode, second.returncode] == [0, 0], outputs


def test_an_invalid_index_is_created_again(database: Database) -> None:
    upgrade(database, "0002")
    with psycopg.connect(database.owner_url, autocommit=True) as connection:
        connection.execute("INSERT INTO orders (customer_id, total_amount, status) SELECT gen_random_uuid(), 1, 'X'")
        with pytest.raises(psycopg.errors.DivisionByZero):
            connection.execute("CREATE INDEX CONCURRENTLY idx_orders_unsettled ON orders ((1 / (total_amount - 1)))")

        migrate("order", database.owner_url)

        (definition,) = connection.execute("SELECT pg_get_indexdef('idx_orders_unsettled'::regclass)").fetchone() or ()
        invalid = connection.execute("SELECT count(*) FROM pg_index WHERE NOT indisvalid").fetchone()
    assert "CANCELLING" in str(definition)
    assert invalid == (0,)


def test_a_migration_without_database_url_names_the_variable() -> None:
    job = alembic("order", "", "upgrade", "head")
    output, _ = job.communicate()
    assert job.returncode != 0
    assert "DATABASE_URL is not set" in output


def test_an_invalid_database_url_is_rejected_without_quoting_it() -> None:
    job = alembic("order", "mysql://owner:hunter2@db/orders", "upgrade", "head")
    output, _ = job.communicate()
    assert job.returncode != 0
    assert "DATABASE_URL must look like postgresql://" in output
    assert "hunter2" not in output


ARTICLE = {
    "orders": [
        ("order_id", "uuid", "NO", "gen_random_uuid()"),
        ("customer_id", "uuid", "NO", None),
        ("total_amount", "numeric(10,2)", "NO", None),
        ("status", "character varying(20)", "NO", None),
        ("created_at", "timestamp without time zone", "YES", "now()"),
        ("updated_at", "timestamp without time zone", "YES", "now()"),
    ],
    "order_items": [
        ("item_id", "uuid", "NO", "gen_random_uuid()"),
        ("order_id", "uuid", "YES", None),
        ("product_id", "uuid", "NO", None),
        ("quantity", "integer", "NO", None),
        ("unit_price", "numeric(10,2)", "NO", None),
    ],
}


# Not in the article: the owner.
ADDED = {"orders": [("subject", "character varying(255)", "YES", None)], "order_items": []}


@pytest.mark.parametrize("table", ARTICLE)
def test_columns_are_those_of_the_article(table: str, orders: psycopg.Connection) -> None:
    columns = orders.execute(
        """
        SELECT c.column_name, format_type(a.atttypid, a.atttypmod), c.is_nullable, c.column_default
        FROM information_schema.columns c
        JOIN pg_attribute a ON a.attrelid = c.table_name::regclass AND a.attname = c.column_name
        WHERE c.table_schema = 'public' AND c.table_name = %s ORDER BY c.ordinal_position
        """,
        [table],
    ).fetchall()
    assert columns == [*ARTICLE[table], *ADDED[table]]


def test_indexes_and_keys_are_those_of_the_article(orders: psycopg.Connection) -> None:
    indexes = orders.execute(
        "SELECT indexname, split_part(indexdef, ' USING ', 2) FROM pg_indexes WHERE tablename LIKE 'order%'"
    ).fetchall()
    assert dict(indexes) == {
        "orders_pkey": "btree (order_id)",
        "order_items_pkey": "btree (item_id)",
        "idx_orders_customer": "btree (customer_id)",
        "idx_orders_status": "btree (status)",
        # not in the article: the index for the list of a customer's orders
        "idx_orders_customer_newest": "btree (customer_id, created_at, order_id)",
        "idx_order_items_order": "btree (order_id)",
        "idx_orders_unsettled": (
            "btree (status, created_at, order_id) WHERE ((status)::text = ANY ((ARRAY['PENDING'::character varying,"
            " 'CANCELLING'::character varying])::text[]))"
        ),
    }
    references = orders.execute(
        "SELECT conrelid::regclass::text, pg_get_constraintdef(oid) FROM pg_constraint WHERE contype = 'f'"
    ).fetchall()
    assert references == [("order_items", "FOREIGN KEY (order_id) REFERENCES orders(order_id)")]


@pytest.mark.parametrize(
    "statement",
    [
        "CREATE TABLE stolen (id int)",
        "ALTER TABLE orders ADD COLUMN stolen int",
        "DROP TABLE order_items",
        "TRUNCATE orders",
        "CREATE INDEX stolen ON orders (status)",
    ],
)
def test_the_service_may_not_change_the_schema(
    statement: str, postgres: ShopPostgres, orders: psycopg.Connection
) -> None:
    database = orders.info.dbname
    with (
        psycopg.connect(postgres.url(database, f"{database}_app")) as connection,
        pytest.raises(psycopg.errors.InsufficientPrivilege),
    ):
        connection.execute(statement.encode())
