"""Add the owner of each order: the subject of the token that placed it.

Orders from before have no owner, so only callers with the scope shop:admin see them. The previous image does not use
the column; what it stores has no owner either.
"""

from alembic import op

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    op.execute("ALTER TABLE orders ADD COLUMN subject VARCHAR(255)")
