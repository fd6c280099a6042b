"""`microservice-operator render`: the objects that a resource would become, by the builders that a pass calls.

Offline, so what only a cluster knows is a placeholder; a migration counts as done and every kind as served.
"""

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any
from urllib.parse import urlsplit

import typer
import yaml

from ..api import objects
from ..api.objects import Environment, Microservice
from ..desired import children
from ..desired.context import Connection, Context, Login, Migration, Table
from ..desired.waits import migration_job_name
from ..names import ANNOTATION_DEFAULT_ENVIRONMENT
from .documents import BadYAML, Document, Unreadable, documents
from .verdict import findings, identifier

UNKNOWN = "known-in-the-cluster-only"
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


@dataclass
class Found:
    """What the files hold, and what is wrong with them, one line each."""

    services: list[tuple[Document, Microservice]] = field(default_factory=list)
    environments: dict[str, Environment] = field(default_factory=dict)
    complaints: list[str] = field(default_factory=list)


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
        found = _read([*files, environment] if environment else files)
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


def _read(files: Iterable[Path]) -> Found:
    found = Found()
    for file in files:
        number = 0
        try:
            for document in documents(file):
                number = document.number
                _take_in(found, document)
        except BadYAML as error:
            found.complaints.append(f"{file}:{error.line}: document {number + 1}: no valid YAML: {error}")
    if not found.services and not found.complaints:
        found.complaints.append(f"{', '.join(map(str, files))}: no Microservice in it; give a file that holds one")
    return found


def _take_in(found: Found, document: Document) -> None:
    wrong = list(findings(document))
    for finding in wrong:
        found.complaints.append(_complaint(document, finding.field, finding.message))
    kind = document.content.get("kind") if isinstance(document.content, dict) else None
    if wrong or kind not in ("Microservice", "Environment"):
        return
    if kind == "Environment":
        read = objects.environment(document.content)
        found.environments[read.name] = read
        return
    metadata = {**document.content["metadata"], "uid": UNKNOWN}
    found.services.append((document, objects.microservice({**document.content, "metadata": metadata})))


def _complaint(document: Document, path: str, message: str) -> str:
    steps = path.replace("[", ".").replace("]", "").split(".")
    line = document.line([int(step) if step.isdigit() else step for step in steps])
    parts = [f"{document.file}:{line}", f"document {document.number}", identifier(document), path, message]
    return ": ".join(part for part in parts if part)


def _contexts(found: Found, aws_endpoint_url: str | None) -> Iterator[Context]:
    ports = {(s.namespace, s.name): s.spec.ports[0].service_port for _, s in found.services}
    for document, service in found.services:
        wanted = service.spec.environment
        if wanted and wanted not in found.environments:
            message = f"Environment {wanted} is in none of the files; add its file with --environment"
            found.complaints.append(_complaint(document, "spec.environment", message))
            continue
        of_namespace = {name: port for (namespace, name), port in ports.items() if namespace == service.namespace}
        yield _context(service, _environment(found, wanted), of_namespace, aws_endpoint_url)


def _environment(found: Found, wanted: str | None) -> Environment | None:
    """The one named, else the one marked default, else the only one."""
    if wanted:
        return found.environments[wanted]
    known = sorted(found.environments.values(), key=lambda environment: environment.name)
    marked = [item for item in known if item.annotations.get(ANNOTATION_DEFAULT_ENVIRONMENT) == "true"]
    return next(iter(marked or (known if len(known) == 1 else [])), None)


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
        tables={table.name: Table(f"{name}-{table.name}-{UNKNOWN}", ready=True) for table in tables},
        aws_endpoint_url=aws_endpoint_url,
        service_monitors=True,
    )


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
