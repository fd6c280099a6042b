"""What the operator puts into a service's environment, read once when the process starts."""

from typing import TypeVar

from pydantic import Field, ValidationError
from pydantic_settings import BaseSettings, SettingsConfigDict


class ServiceSettings(BaseSettings):
    """The variables that every service gets; a service adds its own by inheriting."""

    # Values may be secrets: a validation error must name the variable and never quote what is in it.
    model_config = SettingsConfigDict(frozen=True, hide_input_in_errors=True, extra="ignore")

    service_name: str
    service_version: str = "dev"
    environment: str = "local"
    # All interfaces: a pod's address is not known beforehand, and the network policy says who may call.
    host: str = "0.0.0.0"  # noqa: S104
    port: int = Field(default=8080, ge=1, le=65535)
    log_level: str = Field(default="INFO", pattern="^(DEBUG|INFO|WARNING|ERROR)$")
    # What one pod has at hand at once; beyond it requests are refused with 503.
    max_requests: int = Field(default=256, ge=1)
    # The longest that an answer may take; a caller can ask for less.
    request_timeout_seconds: float = Field(default=10, gt=0)
    max_body_bytes: int = Field(default=65_536, ge=1)
    # Below the pod's 30 s of grace, of which the preStop sleep has used 5 s.
    drain_seconds: int = Field(default=20, ge=1)


Settings = TypeVar("Settings", bound=ServiceSettings)


def load(kind: type[Settings]) -> Settings:
    """Read the environment, or end the process with a sentence for each variable that is wrong."""
    try:
        return kind()
    except ValidationError as error:
        wrong = "; ".join(f"{str(e['loc'][0]).upper()}: {e['msg'].lower()}" for e in error.errors())
        raise SystemExit(f"cannot start, set these environment variables: {wrong}") from None
