"""The schema for SQLAlchemy queries. The tests run ``alembic check``, which compares it with the migrations."""

import sqlalchemy as sa

metadata = sa.MetaData()

users = sa.Table(
    "users",
    metadata,
    sa.Column("user_id", sa.Uuid, primary_key=True, server_default=sa.text("gen_random_uuid()")),
    sa.Column("email", sa.String(254), nullable=False),
    sa.Column("name", sa.String(100), nullable=False),
    sa.Column("created_at", sa.DateTime, nullable=False, server_default=sa.text("now()")),
    sa.Column("version", sa.Integer, nullable=False, server_default=sa.text("1")),
    sa.Column("subject", sa.String(255)),
)
sa.Index("users_email_key", sa.func.lower(users.c.email), unique=True)
sa.Index("users_subject_key", users.c.subject, unique=True)
