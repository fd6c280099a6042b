"""``python -m gateway_service``: what the container runs."""

from gateway_service.app import GatewaySettings, create_app
from shop_shared import logs, server, settings

if __name__ == "__main__":
    environment = settings.load(GatewaySettings)
    logs.configure(environment)
    server.serve(create_app(environment), environment, environment.management_port)
