"""Assembles the user service: PostgreSQL store, routes, readiness."""

from fastapi import FastAPI
from pydantic import Field, SecretStr

from shop_shared import application, callers, postgres
from shop_shared.callers import CallerSettings
from user_service.routes import routes
from user_service.store import PostgresUsers


class UserSettings(CallerSettings):
    service_name: str = "user"
    database_url: SecretStr = Field(examples=["postgresql://app@localhost/users"])


def create_app(settings: UserSettings) -> FastAPI:
    url = settings.database_url.get_secret_value()
    engine = postgres.engine(url, settings)
    probe = postgres.Probe(url, settings)
    verifier, keys = callers.verifier(settings)
    service = application.ServiceDefinition(
        title="User service",
        routes=routes,
        state={"users": PostgresUsers(engine), "callers": verifier},
        probe=probe,
        outages=postgres.OUTAGES,
        close=(engine.dispose, probe.close, keys.close),
    )
    return application.build(settings, service)
