"""Add a version to each user, for ETags. The previous image does not use the column; its default covers it."""

from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    # With a constant default, PostgreSQL rewrites no rows.
    op.execute("ALTER TABLE users ADD COLUMN version INT NOT NULL DEFAULT 1")
