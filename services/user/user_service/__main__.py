"""``python -m user_service``: what the container runs."""

from shop_shared import logs, server, settings
from user_service.app import UserSettings, create_app

if __name__ == "__main__":
    environment = settings.load(UserSettings)
    logs.configure(environment)
    server.serve(create_app(environment), environment)
