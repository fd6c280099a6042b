"""``python -m order_service``: what the container runs."""

from order_service.app import OrderSettings, create_app
from shop_shared import logs, server, settings

if __name__ == "__main__":
    environment = settings.load(OrderSettings)
    logs.configure(environment)
    server.serve(create_app(environment), environment)
