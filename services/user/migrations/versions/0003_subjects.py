"""Add the owner of each profile: the subject of the token that created it.

Profiles from before have no owner, so only callers with the scope shop:admin see them. The previous image does not use
the column; what it creates has no owner either.
"""

from alembic import op

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    op.execute("ALTER TABLE users ADD COLUMN subject VARCHAR(255)")
    # All values are NULL, so the index is built at once.
    op.execute("CREATE UNIQUE INDEX users_subject_key ON users (subject)")
