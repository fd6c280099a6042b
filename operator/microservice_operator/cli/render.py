"""`microservice-operator render`: the objects that a resource would become, by the builders that a pass calls.

Offline, so what only a cluster knows is a placeholder; a migration counts as done and every kind as served.
"""

import json
from collections.abc import Callable, Iterator
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any
from urllib.parse import urlsplit

import typer
import yaml

from ..api.objects import Environment, Microservice
from ..cloud.policy_arns import partition, queue_name, topic_name
from ..desired import children
from ..desired.context import Connection, Context, Login, Message, Migration, Table
from ..desired.waits import migration_job_name
from .documents import Unreadable
from .resources import UNKNOWN, Found, complaint, environment_for, read

HEADER = (
    "# Rendered offline: logins, certificates, table names, uids and hashes that hold {unknown} or depend on it are"
    " placeholders;\n# migrations count as done, and ServiceMonitor as served. To be read, not applied."
)


def _address(given: str | None) -> str | None:
    """An address that rules can be made of.

    Raises BadParameter for any other.
    """
    try:
        url = urlsplit(given or "")
        usable = given is None or bool(url.scheme in ("http", "https") and url.hostname and url.port != 0)
    except ValueError:
        usable = False
    if not usable:
        raise typer.BadParameter(f"{given!r} is no address; give one such as http://moto.aws.svc:5000")
    return given


class Format(StrEnum):
    """How the objects are printed."""

    YAML = "yaml"
    JSON = "json"


def render(
    files: Annotated[list[Path], typer.Argument(help="Files of resources; - is standard input.", show_default=False)],
    output: Annotated[Format, typer.Option("--output", "-o", help="Format of the objects.")] = Format.YAML,
    environment: Annotated[
        Path | None, typer.Option(help="File of Environments, beside those in the files.", show_default=False)
    ] = None,
    aws_endpoint_url: Annotated[
        str | None, typer.Option(help="Address of an emulator in place of AWS.", show_default=False, callback=_address)
    ] = None,
) -> None:
    """Show the Kubernetes objects that a resource would become, offline.

    Exit code: 0 all were rendered, 1 a resource is not valid, 2 a file cannot be read.
    """
    try:
        found = read([*files, environment] if environment else files)
    except Unreadable as error:
        typer.echo(str(error), err=True)
        raise typer.Exit(code=2) from None
    contexts = list(_contexts(found, aws_endpoint_url))
    if found.complaints:
        typer.echo("\n".join(found.complaints), err=True)
        raise typer.Exit(code=1)
    typer.echo(HEADER.format(unknown=UNKNOWN), err=True)
    bodies = [child.body for context in contexts for child in children(context) if child.body is not None]
    typer.echo(_printed(bodies, output), nl=False)


def _contexts(found: Found, aws_endpoint_url: str | None) -> Iterator[Context]:
    ports = {(s.namespace, s.name): s.spec.ports[0].service_port for _, s in found.services}
    for document, service in found.services:
        wanted = service.spec.environment
        if wanted and wanted not in found.environments:
            message = f"Environment {wanted} is in none of the files; add its file with --environment"
            found.complaints.append(complaint(document, "spec.environment", message))
            continue
        of_namespace = {name: port for (namespace, name), port in ports.items() if namespace == service.namespace}
        yield _context(service, environment_for(found, wanted), of_namespace, aws_endpoint_url)


def _context(
    service: Microservice, environment: Environment | None, ports: dict[str, int], aws_endpoint_url: str | None
) -> Context:
    databases, tables = service.spec.databases or [], service.spec.tables or []
    name = f"{service.namespace}-{service.name}"
    bare = Context(service, environment)
    return Context(
        service,
        environment,
        connections={database.name: _connection(environment) for database in databases},
        migrations={migration_job_name(bare, database): Migration.DONE for database in databases},
        dependency_ports=ports,
        tables={
            table.name: Table(table.adopt.name if table.adopt else f"{name}-{table.name}-{UNKNOWN}", ready=True)
            for table in tables
        },
        topics={
            topic.name: _message("sns", environment, topic_name(_placeholder(name), topic.name, fifo=topic.fifo))
            for topic in service.spec.topics or []
        },
        queues={
            queue.name: _message("sqs", environment, queue_name(_placeholder(name), queue.name, fifo=queue.fifo))
            for queue in service.spec.queues or []
        },
        table_refs={
            (ref.microservice, ref.table): f"{service.namespace}-{ref.microservice}-{ref.table}-{UNKNOWN}"
            for ref in service.spec.table_refs or []
        },
        aws_endpoint_url=aws_endpoint_url,
        service_monitors=True,
    )


def _message(service: str, environment: Environment | None, name: str) -> Message:
    aws = environment.spec.aws if environment else None
    at = f"{aws.region}:{aws.account_id}" if aws else f"{UNKNOWN}:{UNKNOWN}"
    return Message(f"arn:{partition(aws.region if aws else '')}:{service}:{at}:{name}", ready=True)


def _placeholder(prefix: str) -> Callable[[str, int], str]:
    return lambda part, _limit: f"{prefix}-{part}-{UNKNOWN}"


def _connection(environment: Environment | None) -> Connection:
    provider = environment.spec.databases if environment else None
    shared = provider.shared if provider else None
    login = Login(UNKNOWN, UNKNOWN)
    mode = shared.ssl_mode if shared else "verify-full"
    return Connection(
        host=shared.host if shared else UNKNOWN,
        port=shared.port if shared else 5432,
        database=UNKNOWN,
        ssl_mode=mode,
        runtime=login,
        owner=login,
        certificates="" if mode == "require" else UNKNOWN,
    )


def _printed(bodies: list[dict[str, Any]], output: Format) -> str:
    if output is Format.JSON:
        return json.dumps({"apiVersion": "v1", "kind": "List", "items": bodies}, indent=2, ensure_ascii=False) + "\n"
    return yaml.dump_all(bodies, Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=1000)


class _Dumper(yaml.SafeDumper):
    """Without anchors: what is there twice is written twice."""

    def ignore_aliases(self, data: Any) -> bool:  # noqa: ARG002 the signature is PyYAML's
        return True
