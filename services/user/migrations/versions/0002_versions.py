"""A version for each user, for ETag. The image before this one neither reads nor writes it: the default does."""

from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    # With a constant default PostgreSQL rewrites no row.
    op.execute("ALTER TABLE users ADD COLUMN version INT NOT NULL DEFAULT 1")
