"""The golden cases as values, for these tests and for others that need every kind of resource."""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any, NamedTuple

import yaml

from microservice_operator.api import parsing
from microservice_operator.desired import children
from microservice_operator.desired.context import Connection, Context, Login, Message, Migration, Table

HERE = Path(__file__).parent
UID = "00000000-0000-4000-8000-000000000001"


class Case(NamedTuple):
    """One folder: its name, both resources as they were written, and what the builders are given."""

    name: str
    microservice: dict[str, Any]
    environment: dict[str, Any] | None
    context: Context

    @property
    def children_file(self) -> Path:
        """Where the expected children are."""
        return HERE / self.name / "children.yaml"


def cases() -> Iterator[Case]:
    """Every case, by name."""
    for file in sorted(HERE.glob("*/resource.yaml")):
        yield _case(file.parent)


def _case(folder: Path) -> Case:
    documents = {d["kind"]: d for d in yaml.safe_load_all((folder / "resource.yaml").read_text("utf-8")) if d}
    written = folder / "context.yaml"
    known = (yaml.safe_load(written.read_text("utf-8")) if written.exists() else None) or {}
    body, environment = documents["Microservice"], documents.get("Environment")
    context = Context(
        microservice=parsing.microservice({**body, "metadata": {"uid": UID, **body["metadata"]}}),
        environment=parsing.environment(environment) if environment else None,
        connections={name: _connection(item) for name, item in known.get("connections", {}).items()},
        database_waits=known.get("databaseWaits", {}),
        tables={name: Table(**item) for name, item in known.get("tables", {}).items()},
        topics={name: Message(**item) for name, item in known.get("topics", {}).items()},
        queues={name: Message(**item) for name, item in known.get("queues", {}).items()},
        dependency_urls=known.get("dependencyURLs", {}),
        aws_endpoint_url=known.get("awsEndpointURL"),
        callers_with_jobs=frozenset(known.get("callersWithJobs", ())),
        service_monitors=known.get("serviceMonitors", False),
    )
    if "migration" in known:
        jobs = [child.name for child in children(context) if child.kind == "Job"]
        context = replace(context, migrations=dict.fromkeys(jobs, Migration(known["migration"])))
    return Case(folder.name, body, environment, context)


def _connection(item: Mapping[str, Any]) -> Connection:
    return Connection(
        host=item["host"],
        port=item["port"],
        database=item["database"],
        ssl_mode=item["sslMode"],
        runtime=Login(**item["runtime"]),
        owner=Login(**item["owner"]),
        certificates=item.get("certificates", ""),
    )
