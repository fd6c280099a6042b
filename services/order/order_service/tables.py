"""The article's schema as queries see it; ``alembic check`` in the tests keeps it equal to what the migrations make."""

import sqlalchemy as sa

metadata = sa.MetaData()

orders = sa.Table(
    "orders",
    metadata,
    sa.Column("order_id", sa.Uuid, primary_key=True, server_default=sa.text("gen_random_uuid()")),
    sa.Column("customer_id", sa.Uuid, nullable=False),
    sa.Column("total_amount", sa.Numeric(10, 2), nullable=False),
    sa.Column("status", sa.String(20), nullable=False),
    sa.Column("created_at", sa.DateTime, server_default=sa.text("now()")),
    sa.Column("updated_at", sa.DateTime, server_default=sa.text("now()")),
    sa.Index("idx_orders_customer", "customer_id"),
    sa.Index("idx_orders_status", "status"),
)

order_items = sa.Table(
    "order_items",
    metadata,
    sa.Column("item_id", sa.Uuid, primary_key=True, server_default=sa.text("gen_random_uuid()")),
    sa.Column("order_id", sa.Uuid, sa.ForeignKey("orders.order_id")),
    sa.Column("product_id", sa.Uuid, nullable=False),
    sa.Column("quantity", sa.Integer, nullable=False),
    sa.Column("unit_price", sa.Numeric(10, 2), nullable=False),
)
