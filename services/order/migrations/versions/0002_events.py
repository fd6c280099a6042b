"""Add the tables for placing, publishing and confirming orders. The article's tables do not change.

The migration only adds tables, so pods of the previous version keep working during and after it. 0004 adds the indexes
of the article's tables.
"""

from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    op.execute(
        """
        CREATE TABLE placements (
            order_id UUID PRIMARY KEY,
            idempotency_key VARCHAR(128) UNIQUE,
            fingerprint VARCHAR(64) NOT NULL,
            state VARCHAR(10) NOT NULL,
            due_at TIMESTAMPTZ NOT NULL,
            answer JSONB
        )
        """
    )
    op.execute("CREATE INDEX idx_placements_due ON placements(due_at)")
    op.execute(
        """
        CREATE TABLE outbox (
            event_id UUID PRIMARY KEY,
            position BIGINT GENERATED ALWAYS AS IDENTITY,
            order_id UUID NOT NULL,
            body TEXT NOT NULL,
            traceparent VARCHAR(64),
            attempts INT NOT NULL DEFAULT 0,
            due_at TIMESTAMPTZ NOT NULL DEFAULT NOW()
        )
        """
    )
    op.execute("CREATE INDEX idx_outbox_position ON outbox(position)")
    op.execute("CREATE INDEX idx_outbox_order ON outbox(order_id, position)")
    op.execute(
        """
        CREATE TABLE inbox (
            event_id UUID PRIMARY KEY,
            handled_at TIMESTAMPTZ NOT NULL DEFAULT NOW()
        )
        """
    )
    op.execute("CREATE INDEX idx_inbox_handled ON inbox(handled_at)")
