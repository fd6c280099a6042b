"""`microservice-operator render`: shows the Kubernetes objects of a resource, with the builders of a reconciliation.

It works offline, so values that only a cluster knows are placeholders. It assumes that migrations are done and that the
API server serves every kind.
"""

import json
from typing import Annotated, Any
from urllib.parse import urlsplit

import typer
import yaml

from ..desired import children
from ..desired.context import Context
from .loading import LoadedFiles, read
from .offline_context import contexts
from .options import DataFormat, EnvironmentFile, Files, OpenAPIFile, readable, stop_at
from .route_callers import contracts, routes_of

HEADER = (
    "# Rendered offline: values that contain unknown-, and hashes of them, are placeholders for values that only a"
    " cluster or an Environment has.\n"
    "# Migrations count as done, and ServiceMonitor as served. Do not apply this output."
)


def _address(given: str | None) -> str | None:
    """Check that NetworkPolicy rules can be built from an address.

    Raises BadParameter if not.
    """
    try:
        url = urlsplit(given or "")
        usable = given is None or bool(url.scheme in ("http", "https") and url.hostname and url.port != 0)
    except ValueError:
        usable = False
    if not usable:
        raise typer.BadParameter(f"{given!r} is not an address; write one such as http://moto.aws.svc:5000")
    return given


def render(
    files: Files,
    output: Annotated[DataFormat, typer.Option("--output", "-o", help="Output format.")] = DataFormat.YAML,
    environment: EnvironmentFile = None,
    aws_endpoint_url: Annotated[
        str | None,
        typer.Option(help="Address of an emulator to use instead of AWS.", show_default=False, callback=_address),
    ] = None,
    openapi: OpenAPIFile = None,
) -> None:
    """Show the Kubernetes objects that the operator creates for a resource. Works offline.

    Comments on standard error show its routes on the API gateway and their callers.
    """
    with readable():
        loaded = read([*files, environment] if environment else files)
        published = contracts(loaded, openapi)
    offline_contexts = list(contexts(loaded, aws_endpoint_url))
    stop_at(loaded.complaints)
    typer.echo(HEADER, err=True)
    if note := _without_environment(offline_contexts, loaded):
        typer.echo(note, err=True)
    for context in offline_contexts:
        for row in routes_of(context.microservice, published) or []:
            typer.echo(f"# Route of {row.microservice}: {row.route}: {row.callers}", err=True)
    bodies = [child.body for context in offline_contexts for child in children(context) if child.body is not None]
    typer.echo(_printed(bodies, output), nl=False)


def _printed(bodies: list[dict[str, Any]], output: DataFormat) -> str:
    if output is DataFormat.JSON:
        return json.dumps({"apiVersion": "v1", "kind": "List", "items": bodies}, indent=2, ensure_ascii=False) + "\n"
    return yaml.dump_all(bodies, Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=1000)


def _without_environment(offline_contexts: list[Context], loaded: LoadedFiles) -> str:
    """Say what the output lacks, "" if every Microservice has an Environment."""
    without = [f"{c.microservice.namespace}/{c.microservice.name}" for c in offline_contexts if c.environment is None]
    if not without:
        return ""
    several = f"name one of {', '.join(sorted(loaded.environments))} in spec.environment"
    remedy = several if loaded.environments else "add its file with --environment"
    return (
        f"# No Environment for {', '.join(without)}, so its defaults, variables such as AWS_REGION, and rules of"
        f" network policies are left out; {remedy}."
    )


class _Dumper(yaml.SafeDumper):
    """Writes no anchors: repeated content is written in full."""

    def ignore_aliases(self, data: Any) -> bool:  # noqa: ARG002 the signature is PyYAML's
        return True
