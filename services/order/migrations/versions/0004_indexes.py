"""Add indexes of the article's tables, without blocking writes.

Installations from before have two of them already: then nothing changes. The third is for the orders that the sweeper
and the metrics look for, which are few.
"""

from shop_shared.migrations import create_index

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    create_index("idx_orders_customer_newest", "orders(customer_id, created_at, order_id)")
    create_index("idx_order_items_order", "order_items(order_id)")
    create_index(
        "idx_orders_unsettled", "orders(status, created_at, order_id) WHERE status IN ('PENDING', 'CANCELLING')"
    )
