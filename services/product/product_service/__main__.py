"""``python -m product_service``: what the container runs."""

from product_service.app import ProductSettings, create_app
from shop_shared import logs, server, settings

if __name__ == "__main__":
    environment = settings.load(ProductSettings)
    logs.configure(environment)
    server.serve(create_app(environment), environment)
