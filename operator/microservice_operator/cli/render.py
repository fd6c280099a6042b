"""`microservice-operator render`: shows the Kubernetes objects of a resource, with the builders of a reconciliation.

It works offline, so values that only a cluster knows are placeholders. It assumes that migrations are done and that the
API server serves every kind.
"""

import json
from enum import StrEnum
from typing import Annotated, Any
from urllib.parse import urlsplit

import typer
import yaml

from ..desired import children
from .loading import UNKNOWN, read
from .offline_context import contexts
from .options import EnvironmentFile, Files, readable, stop_at

HEADER = (
    "# Rendered offline: logins, certificates, table names, uids and hashes that contain {unknown} or depend on it are"
    " placeholders.\n# Migrations count as done, and ServiceMonitor as served. Do not apply this output."
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


class Format(StrEnum):
    """Output format of the objects."""

    YAML = "yaml"
    JSON = "json"


def render(
    files: Files,
    output: Annotated[Format, typer.Option("--output", "-o", help="Output format.")] = Format.YAML,
    environment: EnvironmentFile = None,
    aws_endpoint_url: Annotated[
        str | None,
        typer.Option(help="Address of an emulator to use instead of AWS.", show_default=False, callback=_address),
    ] = None,
) -> None:
    """Show the Kubernetes objects that the operator creates for a resource. Works offline.

    Exit codes: 0: all resources were rendered. 1: a resource is invalid. 2: a file cannot be read.
    """
    with readable():
        found = read([*files, environment] if environment else files)
    known = list(contexts(found, aws_endpoint_url))
    stop_at(found.complaints)
    typer.echo(HEADER.format(unknown=UNKNOWN), err=True)
    bodies = [child.body for context in known for child in children(context) if child.body is not None]
    typer.echo(_printed(bodies, output), nl=False)


def _printed(bodies: list[dict[str, Any]], output: Format) -> str:
    if output is Format.JSON:
        return json.dumps({"apiVersion": "v1", "kind": "List", "items": bodies}, indent=2, ensure_ascii=False) + "\n"
    return yaml.dump_all(bodies, Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=1000)


class _Dumper(yaml.SafeDumper):
    """Writes no anchors: repeated content is written in full."""

    def ignore_aliases(self, data: Any) -> bool:  # noqa: ARG002 the signature is PyYAML's
        return True
