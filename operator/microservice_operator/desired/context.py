"""The builders' input: everything a child depends on, as one value.

It includes secrets, random values and observed state; no builder creates or reads any of these.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from ..api.parsing import Environment, Microservice
from ..api.routes import JWT, effective_auth
from ..database_connection import Connection, Login
from ..errors import Problem

__all__ = ["Child", "Connection", "Context", "Login", "Message", "Migration", "Table"]


class Migration(StrEnum):
    """State of a migration Job."""

    RUNNING = "Running"
    DONE = "Done"
    FAILED = "Failed"


@dataclass(frozen=True)
class Table:
    """A declared table with its name and ARN in AWS."""

    name: str
    arn: str = ""
    ready: bool = False


@dataclass(frozen=True)
class Message:
    """A declared topic or queue with its ARN in AWS."""

    arn: str
    ready: bool = False


@dataclass(frozen=True)
class Context:
    """Input of every builder.

    `connections` is keyed by the declared database's name and lacks those that are not ready yet; `tables` likewise.
    `database_waits` says, by a declared database's name, why it cannot be used yet although its connection is known
    (the Secret is written before the roles are set): its Secrets are written, but its migration and the pods wait.
    `migrations` is keyed by Job name and lacks unknown Jobs. `migrating` are the Jobs that may still run, including
    those of an earlier Microservice of this name and deleted ones.
    `table_refs` are the names in AWS of other Microservices' tables, by (Microservice, table).
    `identity_wait` says why pods would get no AWS credentials yet; `role_arn` is set if they assume their role
    themselves (IRSA).
    `dependency_urls` are the URLs of dependencies, from their specs or from the running pods; an unknown one gets port
    80.
    `callers_with_jobs` are the Microservices among `access.from` that declare scheduled jobs.
    """

    microservice: Microservice
    environment: Environment | None = None
    connections: Mapping[str, Connection] = field(default_factory=dict)
    database_waits: Mapping[str, str] = field(default_factory=dict)
    migrations: Mapping[str, Migration] = field(default_factory=dict)
    migrating: frozenset[str] = frozenset()
    dependency_urls: Mapping[str, str] = field(default_factory=dict)
    tables: Mapping[str, Table] = field(default_factory=dict)
    topics: Mapping[str, Message] = field(default_factory=dict)
    queues: Mapping[str, Message] = field(default_factory=dict)
    table_refs: Mapping[tuple[str, str], str] = field(default_factory=dict)
    identity_wait: str = ""
    role_arn: str = ""
    aws_endpoint_url: str | None = None
    service_monitors: bool = False
    callers_with_jobs: frozenset[str] = frozenset()

    @property
    def calls_aws(self) -> bool:
        """Whether the service itself calls AWS."""
        spec = self.microservice.spec
        return bool(spec.tables or spec.table_refs or spec.topics or spec.queues)

    @property
    def jwt(self) -> JWT | None:
        """The tokens that callers of the service's routes need, `None` if it has no routes or needs none."""
        api = self.microservice.spec.api
        aws = self.environment.spec.aws if self.environment else None
        auth = effective_auth(api, aws.api_gateway if aws else None) if api else None
        return auth.jwt if auth else None


@dataclass(frozen=True)
class Child:
    """One desired object.

    `held` says why it is not written yet ("" if it must be written); a held child is desired, so it is never pruned.
    `body` is absent only while held. `once` marks objects whose spec is immutable: created, never applied again.
    `initial` are fields of the spec that the operator sets only at creation; after that another controller owns them.
    `notice` is a declaration that has no effect in this object; the object is written anyway.
    """

    kind: str
    name: str
    body: dict[str, Any] | None
    held: str = ""
    once: bool = False
    initial: Mapping[str, Any] = field(default_factory=dict)
    notice: Problem | None = None
