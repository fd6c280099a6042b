"""`microservice-operator run`: starts the operator."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Annotated

import typer

from ..errors import OperatorError
from ..settings import Settings

Namespaces = Annotated[list[str] | None, typer.Option(help="Watch this namespace only; repeatable.")]
Workers = Annotated[int, typer.Option(envvar="WORKERS", help="Number of concurrent reconciliations.")]
Resync = Annotated[
    float,
    typer.Option(envvar="RESYNC_SECONDS", help="Seconds between two reads of AWS and PostgreSQL when nothing changes."),
]
ReconciliationTimeout = Annotated[
    float,
    typer.Option(envvar="RECONCILIATION_TIMEOUT_SECONDS", help="Seconds after which a reconciliation is cancelled."),
]
ListenPort = Annotated[int, typer.Option(envvar="LISTEN_PORT", help="Port for /healthz, /readyz and /metrics.")]
ListenHost = Annotated[str, typer.Option(envvar="LISTEN_HOST", help="Bind address for probes and metrics.")]
AWSEndpoint = Annotated[
    str | None,
    typer.Option(envvar="OPERATOR_AWS_ENDPOINT_URL", help="Emulator in place of AWS; needs --insecure-emulator."),
]
InsecureEmulator = Annotated[
    bool, typer.Option("--insecure-emulator", help="Allow --aws-endpoint-url, and pass it to the services.")
]
AWSPoolSize = Annotated[
    int, typer.Option(help="Threads for each AWS service; deletions use a second pool of half the size.")
]
Connections = Annotated[int, typer.Option(help="Concurrent requests to the API server.")]
LeaseNamespace = Annotated[
    str, typer.Option(envvar="LEASE_NAMESPACE", help="Namespace of the leader election Lease; default: the pod's own.")
]
LeaseName = Annotated[str, typer.Option(envvar="LEASE_NAME", help="Name of the leader election Lease.")]
LogLevel = Annotated[str, typer.Option(envvar="LOG_LEVEL", help="debug, info, warning or error.")]
LogFormat = Annotated[str, typer.Option(envvar="LOG_FORMAT", help="json or console.")]


def run(  # noqa: PLR0913, PLR0917 one parameter for each flag
    namespace: Namespaces = None,
    workers: Workers = 16,
    resync: Resync = 120.0,
    reconciliation_timeout: ReconciliationTimeout = 120.0,
    listen_port: ListenPort = 8080,
    listen_host: ListenHost = "0.0.0.0",  # noqa: S104 probes and metrics come from outside the pod
    aws_endpoint_url: AWSEndpoint = None,
    insecure_emulator: InsecureEmulator = False,
    aws_pool_size: AWSPoolSize = 8,
    connections: Connections = 32,
    lease_namespace: LeaseNamespace = "",
    lease_name: LeaseName = "microservice-operator",
    log_level: LogLevel = "info",
    log_format: LogFormat = "json",
) -> None:
    """Run the operator: in a pod with its service account, elsewhere with the current kubeconfig context."""
    with _reported():
        settings = Settings(
            namespaces=tuple(namespace or ()),
            workers=workers,
            resync=resync,
            reconciliation_timeout=reconciliation_timeout,
            listen_host=listen_host,
            listen_port=listen_port,
            aws_endpoint_url=aws_endpoint_url,
            insecure_emulator=insecure_emulator,
            aws_pool_size=aws_pool_size,
            connections=connections,
            lease_namespace=lease_namespace,
            lease_name=lease_name,
            log_level=log_level,
            log_format=log_format,
        )
        _start(settings)


def _start(settings: Settings) -> None:
    from ..app import main  # noqa: PLC0415 importing the API client takes a second, and no other command needs it
    from ..logging_setup import configure  # noqa: PLC0415 the same

    configure(settings.log_level, settings.log_format)
    asyncio.run(main(settings))


@contextmanager
def _reported() -> Iterator[None]:
    """Print an OperatorError and exit with code 2."""
    try:
        yield
    except OperatorError as error:
        typer.echo(f"error: {error}", err=True)
        raise typer.Exit(2) from error
