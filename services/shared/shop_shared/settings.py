"""The environment variables that the operator sets for a service, read once at startup."""

from typing import TypeVar

from pydantic import Field, ValidationError
from pydantic_settings import BaseSettings, SettingsConfigDict


class ServiceSettings(BaseSettings):
    """The variables of every service. A service inherits from it to add its own."""

    # Values may be secrets: a validation error names the variable and never quotes its value.
    model_config = SettingsConfigDict(frozen=True, hide_input_in_errors=True, extra="ignore")

    service_name: str
    service_version: str = "dev"
    environment: str = "local"
    # All interfaces: a pod's address is not known in advance, and the network policy restricts the callers.
    host: str = "0.0.0.0"  # noqa: S104
    port: int = Field(default=8080, ge=1, le=65535)
    log_level: str = Field(default="INFO", pattern="^(DEBUG|INFO|WARNING|ERROR)$")
    # Maximum concurrent requests of one pod. It answers further requests with 503.
    max_requests: int = Field(default=256, ge=1)
    # Maximum duration of a request. A caller can set a shorter deadline.
    request_timeout_seconds: float = Field(default=10, gt=0)
    max_body_bytes: int = Field(default=65_536, ge=1)
    # Bodies that have begun and are not complete: they do not count as requests yet.
    max_incoming_bodies: int = Field(default=1024, ge=1)
    # All bodies together, complete or not, until their requests are answered.
    max_held_body_bytes: int = Field(default=33_554_432, ge=1)
    # Shorter than the pod's grace period of 30 s, of which the preStop sleep uses 5 s.
    drain_seconds: int = Field(default=20, ge=1)


Settings = TypeVar("Settings", bound=ServiceSettings)


def load(kind: type[Settings]) -> Settings:
    """Read the environment, or exit with a message for each invalid variable."""
    try:
        return kind()
    except ValidationError as error:
        invalid = "; ".join(f"{str(e['loc'][0]).upper()}: {e['msg'].lower()}" for e in error.errors())
        raise SystemExit(f"cannot start; set these environment variables: {invalid}") from None
