"""The schema for SQLAlchemy queries. The tests run ``alembic check``, which compares it with the migrations."""

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import JSONB

metadata = sa.MetaData()

# The article's two tables.
orders = sa.Table(
    "orders",
    metadata,
    sa.Column("order_id", sa.Uuid, primary_key=True, server_default=sa.text("gen_random_uuid()")),
    sa.Column("customer_id", sa.Uuid, nullable=False),
    sa.Column("total_amount", sa.Numeric(10, 2), nullable=False),
    sa.Column("status", sa.String(20), nullable=False),
    sa.Column("created_at", sa.DateTime, server_default=sa.text("now()")),
    sa.Column("updated_at", sa.DateTime, server_default=sa.text("now()")),
    # Not in the article: the owner.
    sa.Column("subject", sa.String(255)),
    sa.Index("idx_orders_customer", "customer_id"),
    sa.Index("idx_orders_status", "status"),
    sa.Index("idx_orders_customer_newest", "customer_id", "created_at", "order_id"),
    sa.Index(
        "idx_orders_unsettled",
        "status",
        "created_at",
        "order_id",
        postgresql_where=sa.text("status IN ('PENDING', 'CANCELLING')"),
    ),
)

order_items = sa.Table(
    "order_items",
    metadata,
    sa.Column("item_id", sa.Uuid, primary_key=True, server_default=sa.text("gen_random_uuid()")),
    sa.Column("order_id", sa.Uuid, sa.ForeignKey("orders.order_id")),
    sa.Column("product_id", sa.Uuid, nullable=False),
    sa.Column("quantity", sa.Integer, nullable=False),
    sa.Column("unit_price", sa.Numeric(10, 2), nullable=False),
    sa.Index("idx_order_items_order", "order_id"),
)

# Orders that are being placed, recorded before the first call to another service: see placement_store.
placements = sa.Table(
    "placements",
    metadata,
    sa.Column("order_id", sa.Uuid, primary_key=True),
    sa.Column("idempotency_key", sa.String(128), unique=True),
    sa.Column("fingerprint", sa.String(64), nullable=False),
    sa.Column("state", sa.String(10), nullable=False),
    sa.Column("due_at", sa.DateTime(timezone=True), nullable=False),
    sa.Column("answer", JSONB),
    sa.Index("idx_placements_due", "due_at"),
)

# Events that are not published yet: see relay.
outbox = sa.Table(
    "outbox",
    metadata,
    sa.Column("event_id", sa.Uuid, primary_key=True),
    sa.Column("position", sa.BigInteger, sa.Identity(always=True), nullable=False),
    sa.Column("order_id", sa.Uuid, nullable=False),
    sa.Column("body", sa.Text, nullable=False),
    sa.Column("traceparent", sa.String(64)),
    sa.Column("attempts", sa.Integer, nullable=False, server_default=sa.text("0")),
    sa.Column("due_at", sa.DateTime(timezone=True), nullable=False, server_default=sa.text("now()")),
    sa.Index("idx_outbox_position", "position"),
    sa.Index("idx_outbox_order", "order_id", "position"),
)

# Events that are already handled: see store.
inbox = sa.Table(
    "inbox",
    metadata,
    sa.Column("event_id", sa.Uuid, primary_key=True),
    sa.Column("handled_at", sa.DateTime(timezone=True), nullable=False, server_default=sa.text("now()")),
    sa.Index("idx_inbox_handled", "handled_at"),
)
