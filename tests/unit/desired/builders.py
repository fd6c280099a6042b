"""Contexts and children for the tables of this folder, with as few fields as a row needs."""

from typing import Any

from microservice_operator.api import parsing
from microservice_operator.desired import children
from microservice_operator.desired.context import Child, Connection, Context, Login

IMAGE = "registry.example/shop/order:1.2.3"
CONNECTION = Connection("db.data.svc", 5432, "orders", "verify-full", Login("run", "r"), Login("own", "o"))
DATABASE: dict[str, Any] = {"name": "orders"}
MIGRATING: dict[str, Any] = {**DATABASE, "migration": {"command": ["alembic", "upgrade", "head"]}}
TABLE = {"name": "products", "partitionKey": {"name": "id"}}


def context(spec: dict[str, Any] | None = None, environment: dict[str, Any] | None = None, **known: Any) -> Context:
    """The context of a reconciliation of Microservice shop/order with these fields and its image."""
    metadata = {"name": "order", "namespace": "shop", "uid": "uid-1"}
    service = parsing.microservice({"metadata": metadata, "spec": {"image": IMAGE, **(spec or {})}})
    of = None
    if environment is not None:
        of = parsing.environment({"metadata": {"name": "prod"}, "spec": environment})
    return Context(service, of, **known)


def one(of: Context, kind: str, name: str = "order") -> Child:
    """The child of that kind and name."""
    (found,) = (child for child in children(of) if (child.kind, child.name) == (kind, name))
    return found


def body(of: Context, kind: str, name: str = "order") -> dict[str, Any]:
    """Its object."""
    found = one(of, kind, name).body
    assert found is not None
    return found


def kinds(of: Context) -> list[str]:
    """Kinds of all children, in order."""
    return [child.kind for child in children(of)]


def pod(of: Context) -> dict[str, Any]:
    """The pod's spec."""
    found: dict[str, Any] = body(of, "Deployment")["spec"]["template"]["spec"]
    return found


def container(of: Context) -> dict[str, Any]:
    """The service's container."""
    found: dict[str, Any] = pod(of)["containers"][0]
    return found


def job_name(of: Context) -> str:
    """Name of the migration Job."""
    return next(child.name for child in children(of) if child.kind == "Job")
