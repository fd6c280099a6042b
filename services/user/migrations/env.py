"""alembic's entry point; what it does is the same for every service."""

from shop_shared import migrations
from user_service.tables import metadata

migrations.run(metadata)
