"""The users table. There is no downgrade: the way back is a new migration, never a dropped table."""

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
    # Lower case: the same mailbox in other letters is the same user.
    op.execute("CREATE UNIQUE INDEX users_email_key ON users (lower(email))")
