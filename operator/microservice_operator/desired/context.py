"""What the builders are given: everything a pass knows that a child depends on, as one value.

Secrets, random values and the state of the world arrive here; no builder makes or looks up any.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from ..api.parsing import Environment, Microservice
from ..database_connection import Connection, Login
from ..errors import Problem

__all__ = ["Child", "Connection", "Context", "Login", "Message", "Migration", "Table"]


class Migration(StrEnum):
    """How a migration Job stands."""

    RUNNING = "Running"
    DONE = "Done"
    FAILED = "Failed"


@dataclass(frozen=True)
class Table:
    """A declared table as AWS knows it."""

    name: str
    arn: str = ""
    ready: bool = False


@dataclass(frozen=True)
class Message:
    """A declared topic or queue as AWS knows it."""

    arn: str
    ready: bool = False


@dataclass(frozen=True)
class Context:
    """Input of every builder.

    `connections` is keyed by the declared database's name and lacks those that are not ready yet; `tables` likewise.
    `database_waits` says, by a declared database's name, why it cannot be used yet although its connection is known
    (the Secret is written before the roles are set): its Secrets are written, its migration and the pods wait.
    `migrations` is keyed by Job name and lacks Jobs that were not seen. `migrating` are the Jobs that may be at work,
    also those of a former Microservice of this name and those that somebody has deleted.
    `table_refs` are names in AWS of other Microservices' tables, by (Microservice, table).
    `identity_wait` says why pods would get no credentials of AWS yet; `role_arn` is given where they ask for their role
    themselves (IRSA).
    `dependency_urls` is where a dependency answers, as it says itself, or as running pods have been told; port 80 is
    taken for one of which nothing is known.
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

    @property
    def calls_aws(self) -> bool:
        """Whether the service itself talks to AWS."""
        spec = self.microservice.spec
        return bool(spec.tables or spec.table_refs or spec.topics or spec.queues)


@dataclass(frozen=True)
class Child:
    """One wanted object.

    `held` says why it is not written yet ("" when it is to be written): a held child is wanted, so it is never pruned.
    `body` is absent only while held. `once` marks objects whose spec is immutable: created, never applied again.
    `initial` are fields of the spec that are ours at its creation and somebody else's from then on.
    `notice` is what the spec declares and this object cannot bring about; it is written all the same.
    """

    kind: str
    name: str
    body: dict[str, Any] | None
    held: str = ""
    once: bool = False
    initial: Mapping[str, Any] = field(default_factory=dict)
    notice: Problem | None = None
