"""`microservice-operator render`: the objects that a resource would become, by the builders that a pass calls.

Offline, so what only a cluster knows is a placeholder; a migration counts as done and every kind as served.
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
    files: Files,
    output: Annotated[Format, typer.Option("--output", "-o", help="Format of the objects.")] = Format.YAML,
    environment: EnvironmentFile = None,
    aws_endpoint_url: Annotated[
        str | None, typer.Option(help="Address of an emulator in place of AWS.", show_default=False, callback=_address)
    ] = None,
) -> None:
    """Show the Kubernetes objects that a resource would become, offline.

    Exit code: 0 all were rendered, 1 a resource is not valid, 2 a file cannot be read.
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
    """Without anchors: what is there twice is written twice."""

    def ignore_aliases(self, data: Any) -> bool:  # noqa: ARG002 the signature is PyYAML's
        return True
