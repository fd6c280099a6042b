"""Create the users table. There is no downgrade: a new migration reverts a change."""

from alembic import op

revision = "0001"
down_revision = None


def upgrade() -> None:
    op.execute(
        """
        CREATE TABLE users (
            user_id UUID PRIMARY KEY DEFAULT gen_random_uuid(),
            email VARCHAR(254) NOT NULL,
            name VARCHAR(100) NOT NULL,
            created_at TIMESTAMP NOT NULL DEFAULT NOW()
        )
        """
    )
    # Lower case: e-mail addresses that differ only in case belong to the same user.
    op.execute("CREATE UNIQUE INDEX users_email_key ON users (lower(email))")
