"""`microservice-operator run`: starts the operator."""

import asyncio
from typing import Annotated

import typer


def run(  # noqa: PLR0913, PLR0917 one parameter for each flag
    namespace: Annotated[list[str] | None, typer.Option(help="Watch this namespace only; repeatable.")] = None,
    workers: Annotated[int, typer.Option(envvar="WORKERS", help="Number of concurrent reconciliations.")] = 16,
    resync: Annotated[
        float,
        typer.Option(
            envvar="RESYNC_SECONDS", help="Seconds between two reads of AWS and PostgreSQL when nothing changes."
        ),
    ] = 120.0,
    pass_deadline: Annotated[
        float, typer.Option(envvar="PASS_DEADLINE_SECONDS", help="Seconds after which a reconciliation is cancelled.")
    ] = 120.0,
    listen_port: Annotated[
        int, typer.Option(envvar="LISTEN_PORT", help="Port for /healthz, /readyz and /metrics.")
    ] = 8080,
    listen_host: Annotated[
        str, typer.Option(envvar="LISTEN_HOST", help="Bind address for probes and metrics.")
    ] = "0.0.0.0",  # noqa: S104 probes and metrics come from outside the pod
    aws_endpoint_url: Annotated[
        str | None,
        typer.Option(envvar="OPERATOR_AWS_ENDPOINT_URL", help="Emulator in place of AWS; needs --insecure-emulator."),
    ] = None,
    insecure_emulator: Annotated[
        bool, typer.Option("--insecure-emulator", help="Allow --aws-endpoint-url, and pass it to the services.")
    ] = False,
    aws_pool_size: Annotated[int, typer.Option(help="Threads for each AWS service.")] = 8,
    connections: Annotated[int, typer.Option(help="Concurrent requests to the API server.")] = 32,
    lease_namespace: Annotated[
        str,
        typer.Option(envvar="LEASE_NAMESPACE", help="Namespace of the leader election Lease; default: the pod's own."),
    ] = "",
    lease_name: Annotated[
        str, typer.Option(envvar="LEASE_NAME", help="Name of the leader election Lease.")
    ] = "microservice-operator",
    log_level: Annotated[str, typer.Option(envvar="LOG_LEVEL", help="debug, info, warning or error.")] = "info",
    log_format: Annotated[str, typer.Option(envvar="LOG_FORMAT", help="json or console.")] = "json",
) -> None:
    """Run the operator: in a pod with its service account, elsewhere with the current kubeconfig context."""
    from ..app import main  # noqa: PLC0415 importing the API client takes a second, and no other command needs it
    from ..errors import OperatorError  # noqa: PLC0415 the same
    from ..logging_setup import configure  # noqa: PLC0415 the same
    from ..settings import Settings  # noqa: PLC0415 the same

    try:
        settings = Settings(
            namespaces=tuple(namespace or ()),
            workers=workers,
            resync=resync,
            pass_deadline=pass_deadline,
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
        configure(log_level, log_format)
        asyncio.run(main(settings))
    except OperatorError as error:
        typer.echo(f"error: {error}", err=True)
        raise typer.Exit(2) from error
