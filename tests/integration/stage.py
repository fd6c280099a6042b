"""The servers that all tests share: the operator, the API server, AWS and PostgreSQL."""

import time
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psycopg

from tests.fakes.aws.proxy import Proxy
from tests.fakes.aws.whole import WholeAWS
from tests.postgres.server import PostgresServer

from .api import Api, until
from .audit import Audit
from .namespace import Namespace
from .pods import Pods
from .process import RESYNC, OperatorProcess


@dataclass
class Stage:
    """One for the session; a test that turns a knob turns it back."""

    api: Api
    audit: Audit
    operator: OperatorProcess
    pods: Pods
    aws: Proxy
    strict: WholeAWS
    postgres: PostgresServer
    postgres_port: int
    folder: Path
    passwords: set[str] = field(default_factory=set)
    """All that were generated, noted when a test's namespace goes."""

    @property
    def admin(self) -> dict[str, str]:
        """The admin login of PostgreSQL, as its Secret holds it."""
        ca = self.folder.joinpath("ca.crt").read_text()
        return {"username": "postgres", "password": self.postgres.password, "ca.crt": ca}

    def log_in(self, secret: dict[str, str]) -> str:
        """The role that a connection Secret logs in, over verified TLS."""
        url = secret["url"].split("?")[0]
        ca = self.folder / "service-ca.crt"
        ca.write_text(secret["certificates"])
        url += f"?sslmode=verify-full&sslrootcert={ca}"
        with psycopg.connect(url, gssencmode="disable", client_encoding="utf8") as connection:
            row = connection.execute("SELECT current_user").fetchone()
        assert row
        return str(row[0])

    @property
    def dynamodb(self) -> Any:
        """A client of the emulator, for changes outside the operator."""
        return self.strict.clients["dynamodb"]

    def tables(self) -> dict[str, dict[str, str]]:
        """The tables of AWS and their tags."""
        found: dict[str, dict[str, str]] = {}
        for page in self.dynamodb.get_paginator("list_tables").paginate():
            for name in page["TableNames"]:
                with suppress(self.dynamodb.exceptions.ResourceNotFoundException):  # deleted since it was listed
                    arn = self.dynamodb.describe_table(TableName=name)["Table"]["TableArn"]
                    tags = self.dynamodb.list_tags_of_resource(ResourceArn=arn)["Tags"]
                    found[name] = {tag["Key"]: tag["Value"] for tag in tags}
        return found

    def tables_of(self, namespace: Namespace) -> dict[str, dict[str, str]]:
        """Those that belong, or belonged, to Microservices of a namespace."""
        mark = "microservice-operator.dev/namespace"
        return {name: tags for name, tags in self.tables().items() if tags.get(mark) == namespace.name}

    def databases_of(self, namespace: Namespace) -> dict[str, str]:
        """Databases of a namespace, and their comments."""
        rows = self.postgres.run("SELECT datname, shobj_description(oid, 'pg_database') FROM pg_database")
        return {name: marks for name, marks in rows if marks and f'"{namespace.name}"' in marks}

    def roles_of(self, namespace: Namespace) -> list[str]:
        """Roles of a namespace."""
        rows = self.postgres.run("SELECT rolname, shobj_description(oid, 'pg_authid') FROM pg_roles")
        return [name for name, marks in rows if marks and f'"{namespace.name}"' in marks]

    def idle(self, resyncs: int = 3) -> None:
        """Wait for this number of resyncs."""
        before = self.operator.reconciliations()
        time.sleep(RESYNC * resyncs)
        assert self.operator.reconciliations() >= before

    def until_quiet(self) -> None:
        """Wait until only the resync reconciles, and nothing writes."""

        def quiet() -> bool:
            mark = self.audit.now()
            time.sleep(RESYNC + 1)
            return not self.audit.writes(mark)

        until(quiet, "the operator does not stop writing")
