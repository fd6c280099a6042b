"""`python -m tests.tools.bench`: runs the rounds and prints them."""

import asyncio
from pathlib import Path
from typing import Annotated

import typer
import yaml
from kubernetes.aio import config
from kubernetes.aio.client import Configuration
from rich.console import Console

from microservice_operator.cluster.api_client import Connection
from tests.api.server import Server
from tests.tools.cluster import Cluster, down, up

from . import report
from .measure import Round, measure

REPOSITORY = Path(__file__).parents[3]


def main(
    count: Annotated[int, typer.Option(help="Microservices in each round.")] = 300,
    rounds: Annotated[int, typer.Option(help="Rounds; medians are shown.")] = 3,
    output: Annotated[str, typer.Option("-o", "--output", help="table or json.")] = "table",
    plot: Annotated[Path | None, typer.Option(help="Also write a plot (SVG).")] = None,
) -> None:
    """Measure the cost of a Microservice, on a separate light cluster."""
    console = Console(stderr=True)
    cluster = up("bench", light=True)
    try:
        measured = asyncio.run(_rounds(cluster, (count, rounds), console))
    finally:
        down("bench")
    if plot:
        report.plot(measured, plot)
    if output == "json":
        typer.echo(report.as_json(measured))
    else:
        Console().print(report.table(measured))


async def _rounds(cluster: Cluster, size: tuple[int, int], console: Console) -> list[Round]:
    with Server.connected(cluster.kubeconfig) as server:
        for file in sorted((REPOSITORY / "crds").glob("*s.yaml")):
            server.establish(yaml.safe_load(file.read_text(encoding="utf-8")))
    configured = Configuration()
    await config.load_kube_config(str(cluster.kubeconfig), client_configuration=configured)
    connection = Connection(configured, 64)
    log = cluster.audit_log.with_name("operator.log")
    try:
        return [
            await measure(
                connection, cluster.kubeconfig, log, size[0], lambda text: console.print(f"· {text}", style="dim")
            )
            for _ in range(size[1])
        ]
    finally:
        await connection.close()


typer.run(main)
