"""alembic's entry point; what it does is the same for every service."""

from order_service.tables import metadata
from shop_shared import migrations

migrations.run(metadata)
