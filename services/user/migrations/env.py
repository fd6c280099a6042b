"""Alembic's entry point. All services share its implementation."""

from shop_shared import migrations
from user_service.tables import metadata

migrations.run(metadata)
