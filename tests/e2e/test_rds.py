"""The shop with an RDS instance for each database: orders work, and each role has only its rights."""

import json
import uuid
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

import psycopg
import pytest
import yaml

from tests.tools.cluster.certificates import authority
from tests.tools.demo import rendering
from tests.tools.demo.kubectl import Object
from tests.tools.demo.shop import QUANTITY, STOCK, Sale, buy

from .place import Place
from .shop_copy import addresses, shop_copy
from .stage import SUPPORT, Stage
from .stores import aws, secret
from .tiny import tiny

ENVIRONMENT = "local-rds"
TAG = "microservice-operator.dev"
RUNTIME, OWNER, OTHER = "order-orders-database", "order-orders-database-owner", "user-users-database"


@dataclass(frozen=True)
class Copy:
    """The shop on RDS, and what a customer bought there."""

    place: Place
    urls: Mapping[str, str]
    folder: Path
    sale: Sale

    def login(self, name: str) -> dict[str, str]:
        """What a connection Secret holds."""
        return secret(self.place.kubectl, self.place.namespace, name)

    def session(self, login: Mapping[str, str], **other: str) -> psycopg.Connection:
        """As a pod connects, with what its Secret holds; `other` differs from it."""
        given = {**login, **other}
        bundle = self.folder / f"{uuid.uuid4().hex}.crt"
        bundle.write_text(given["certificates"])
        address = urlsplit(self.urls[given["host"].partition(".")[0]])
        return psycopg.connect(
            host=given["host"],
            hostaddr=address.hostname,
            port=address.port,
            user=given["username"],
            password=given["password"],
            dbname=given["database"],
            sslmode=given.get("sslmode", "verify-full"),
            sslrootcert=str(bundle),
            connect_timeout=20,
            autocommit=True,
        )


@pytest.fixture(scope="module")
def copy(stage: Stage) -> Iterator[Copy]:
    """The shop on RDS; at its end nothing of it is left in RDS."""
    with shop_copy(stage, f"e2e-rds-{uuid.uuid4().hex[:5]}", ENVIRONMENT) as place:
        place.await_ready("user", "product", "order")
        urls = addresses(stage, place)
        yield Copy(place, urls, stage.folder, buy(urls))
    assert _instances(stage, place.namespace) == []


def test_the_shop_sells_with_a_database_of_its_own_for_each_service(stage: Stage, copy: Copy) -> None:
    assert copy.sale.left == STOCK - QUANTITY
    assert copy.sale.order["status"] == "CONFIRMED"
    instances = _instances(stage, copy.place.namespace)
    assert len(instances) == 2
    assert all(found["StorageEncrypted"] and not found["PubliclyAccessible"] for found in instances)
    with copy.session(copy.login(RUNTIME)) as session:
        row = session.execute(
            "SELECT customer_id::text FROM orders WHERE order_id = %s", (copy.sale.order["orderId"],)
        ).fetchone()
    assert row == (copy.sale.user["userId"],)


def test_status_names_the_instance_and_what_it_stands_on(copy: Copy) -> None:
    status = copy.place.read("microservice", "order")["status"]
    ready = {part["kind"] for part in status["resources"] if part["state"] == "Ready"}
    assert {"DatabaseInstance", "SubnetGroup", "ParameterGroup", "SecurityGroup", "Database"} <= ready


@pytest.mark.parametrize("statement", ["CREATE TABLE stolen (id int)", "CREATE SCHEMA stolen", "DROP TABLE orders"])
def test_the_service_cannot_change_the_schema(copy: Copy, statement: str) -> None:
    with copy.session(copy.login(RUNTIME)) as session, pytest.raises(psycopg.errors.InsufficientPrivilege):
        session.execute(statement.encode())


def test_the_service_reads_no_other_database(stage: Stage, copy: Copy) -> None:
    """It has no access to another database on its instance, nor to one of another service."""
    login, admin = copy.login(RUNTIME), _admin(stage, copy.place.namespace, "order")
    with copy.session({**login, **admin}, database="postgres") as session:
        session.execute("CREATE TABLE secrets (id int)")
    with copy.session(login, database="postgres") as session:
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            session.execute("SELECT id FROM secrets")
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            session.execute("CREATE TABLE mine (id int)")
    host = copy.login(OTHER)["host"]
    assert host != login["host"]
    with pytest.raises(psycopg.OperationalError, match="password authentication failed"):
        copy.session(login, host=host)


def test_an_instance_talks_to_nobody_in_the_clear(copy: Copy) -> None:
    with pytest.raises(psycopg.OperationalError):
        copy.session(copy.login(RUNTIME), sslmode="disable")


def test_the_schema_is_the_migrations(copy: Copy) -> None:
    owner = copy.login(OWNER)
    with copy.session(owner) as session:
        owners = session.execute("SELECT DISTINCT tableowner FROM pg_tables WHERE schemaname = 'public'").fetchall()
    assert owners == [(owner["username"],)]


def test_a_server_that_cannot_prove_who_it_is_gets_no_password(stage: Stage, place: Place) -> None:
    """The bundle is from another CA; with the right one the service becomes ready."""
    right = secret(stage.kubectl, SUPPORT, "rds-ca")["ca.crt"]
    _certificates(place, authority("somebody else").certificate.decode())
    environment = _environment(place)
    place.kubectl.apply([environment])
    name = environment["metadata"]["name"]
    try:
        databases = [{"name": "t", "deletionPolicy": "Delete"}]
        place.declare("careful", tiny(stage, environment=name, databases=databases))
        for _ in range(2):
            assert "certificate verify failed" in _unreachable(place, "careful")
            place.reconcile_now("careful")
        assert place.find("secret", "careful-t-database") is None
        assert place.listed("pods", "--selector=app.kubernetes.io/name=careful") == []
        _certificates(place, right)
        place.reconcile_now("careful")
        place.await_ready("careful")
    finally:
        place.kubectl("delete", "msvc", "careful", place.where, "--timeout=240s", "--ignore-not-found")
        place.kubectl("delete", "environment", name)


def _unreachable(place: Place, name: str) -> str:
    """The status while the operator cannot reach the server, so the state of the database is unknown."""

    def said() -> str | None:
        found = place.conditions(name).get("Ready", {})
        unknown = (found.get("status"), found.get("reason")) == ("Unknown", "DatabaseUnreachable")
        return str(found["message"]) if unknown else None

    return place.eventually(f"the status of {name} reports that its server is unreachable", said)


def _admin(stage: Stage, namespace: str, service: str) -> dict[str, str]:
    """The login that RDS keeps in Secrets Manager."""
    marks = [{"Key": f"{TAG}/namespace", "Value": namespace}, {"Key": f"{TAG}/name", "Value": service}]
    (found,) = [each for each in _instances(stage, namespace) if all(mark in each["TagList"] for mark in marks)]
    held = aws(stage, "secretsmanager").get_secret_value(SecretId=found["MasterUserSecret"]["SecretArn"])
    login: dict[str, str] = json.loads(held["SecretString"])
    return login


def _certificates(place: Place, bundle: str) -> None:
    metadata = {"name": "bundle", "namespace": place.namespace}
    place.kubectl.apply(
        [{"apiVersion": "v1", "kind": "Secret", "metadata": metadata, "stringData": {"ca.crt": bundle}}]
    )


def _environment(place: Place) -> Object:
    """local-rds with another bundle."""
    item = yaml.safe_load((rendering.REPOSITORY / "manifests" / "local" / "environment-rds.yaml").read_text())
    item["metadata"]["name"] = place.namespace
    item["spec"]["databases"]["rds"]["caSecretRef"] = {"namespace": place.namespace, "name": "bundle"}
    return dict(item)


def _instances(stage: Stage, namespace: str) -> list[Object]:
    """Instances that carry the tags of a namespace."""
    found = aws(stage, "rds").describe_db_instances()["DBInstances"]
    tag = {"Key": f"{TAG}/namespace", "Value": namespace}
    return [instance for instance in found if tag in instance["TagList"]]
