"""Reads AWS and PostgreSQL directly, because the operator's report could be wrong."""

import base64
import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import boto3
import psycopg

from tests.tools.demo.kubectl import Kubectl

from .stage import SUPPORT, Stage

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

TAG = "microservice-operator.dev"
MARKED = """
    SELECT datname AS name, shobj_description(oid, 'pg_database') FROM pg_database
    UNION ALL SELECT rolname, shobj_description(oid, 'pg_authid') FROM pg_roles
"""


def aws(stage: Stage, service: str) -> Any:
    """A client of the emulator."""
    session: Any = boto3.session.Session("emulator", "emulator", region_name="us-east-1")
    return session.client(service, endpoint_url=stage.urls["aws"])


def dynamodb(stage: Stage) -> "DynamoDBClient":
    """The same for tables."""
    client: DynamoDBClient = aws(stage, "dynamodb")
    return client


def tables(stage: Stage, namespace: str, name: str) -> dict[str, dict[str, str]]:
    """Tables that carry the tags of one Microservice, with all their tags."""
    client, found = dynamodb(stage), {}
    for page in client.get_paginator("list_tables").paginate():
        for table in page["TableNames"]:
            arn = client.describe_table(TableName=table)["Table"]["TableArn"]
            tags = {tag["Key"]: tag["Value"] for tag in client.list_tags_of_resource(ResourceArn=arn)["Tags"]}
            if (tags.get(f"{TAG}/namespace"), tags.get(f"{TAG}/name")) == (namespace, name):
                found[table] = tags
    return found


def databases_and_roles(stage: Stage, namespace: str, name: str) -> dict[str, dict[str, str]]:
    """Databases and roles whose comment names one Microservice as owner."""
    found = {}
    with admin(stage) as connection:
        for thing, comment in connection.execute(MARKED):
            marks = _json(comment)
            if (marks.get(f"{TAG}/namespace"), marks.get(f"{TAG}/name")) == (namespace, name):
                found[thing] = marks
    return found


def secret(kubectl: Kubectl, namespace: str, name: str) -> dict[str, str]:
    """The values of a Secret."""
    (item,) = kubectl.listed("secret", name, f"--namespace={namespace}")
    return {key: base64.b64decode(value).decode() for key, value in item.get("data", {}).items()}


@contextmanager
def admin(stage: Stage, database: str = "postgres") -> Iterator[psycopg.Connection]:
    """A connection as the server's administrator."""
    login = secret(stage.kubectl, SUPPORT, "postgres-admin")
    with connected(stage, {**login, "database": database}) as connection:
        yield connection


@contextmanager
def connected(stage: Stage, login: Mapping[str, str]) -> Iterator[psycopg.Connection]:
    """A connection with the values of a connection Secret, to the server that its certificate names."""
    authority = stage.folder / "postgres-ca.crt"
    authority.write_text(secret(stage.kubectl, SUPPORT, "postgres-admin")["ca.crt"])
    address = urlsplit(stage.urls["postgres"])
    with psycopg.connect(
        host="postgres.local-aws.svc",
        hostaddr=address.hostname,
        port=address.port,
        user=login["username"],
        password=login["password"],
        dbname=login["database"],
        sslmode="verify-full",
        sslrootcert=str(authority),
        connect_timeout=20,
        autocommit=True,
    ) as connection:
        yield connection


def _json(text: str | None) -> dict[str, Any]:
    try:
        read = json.loads(text or "")
    except ValueError:
        return {}
    return read if isinstance(read, dict) else {}
