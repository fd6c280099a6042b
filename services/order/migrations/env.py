"""Alembic's entry point. All services share its implementation."""

from order_service.tables import metadata
from shop_shared import migrations

migrations.run(metadata)
