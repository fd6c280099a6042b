"""Settings of the process: its flags and environment variables, read once into one frozen value."""

from dataclasses import dataclass

from .errors import OperatorError

SHORTEST_DEADLINE = 5.0


class BadSettings(OperatorError):
    """The process was started with flags that contradict each other or are out of range."""


@dataclass(frozen=True)
class Settings:
    """Everything that a platform team can configure for the running operator.

    `resync` and `reconciliation_timeout` are in seconds; an empty `namespaces` means all.
    """

    namespaces: tuple[str, ...] = ()
    workers: int = 16
    resync: float = 120.0
    reconciliation_timeout: float = 120.0
    listen_host: str = "0.0.0.0"  # noqa: S104 probes and metrics are requested from outside the pod
    listen_port: int = 8080
    aws_endpoint_url: str | None = None
    insecure_emulator: bool = False
    aws_pool_size: int = 8
    connections: int = 32
    lease_namespace: str = ""
    lease_name: str = "microservice-operator"
    log_level: str = "info"
    log_format: str = "json"

    def __post_init__(self) -> None:
        """Refuse settings that are out of range or could send data to the wrong server.

        Raises BadSettings.
        """
        if self.aws_endpoint_url and not self.insecure_emulator:
            raise BadSettings(
                "--aws-endpoint-url replaces AWS with another server: add --insecure-emulator if you want this, "
                "or remove the flag to use AWS"
            )
        if self.workers < 1 or self.aws_pool_size < 1 or self.connections < 1:
            raise BadSettings(
                "--workers, --aws-pool-size and --connections must be at least 1: raise the one that is 0"
            )
        if self.reconciliation_timeout < SHORTEST_DEADLINE:
            raise BadSettings(
                f"--reconciliation-timeout must be at least {SHORTEST_DEADLINE:.0f} seconds: set the time that one"
                " reconciliation may take"
            )
        if self.resync < 1:
            raise BadSettings("--resync must be at least 1 second: set the seconds between two comparisons with AWS")
