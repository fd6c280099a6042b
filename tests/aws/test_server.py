"""`python -m tests.fakes.aws` as a pod runs it, on loopback: what the image adds to the strict layer."""

import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from threading import Thread
from typing import Any

import boto3
import psycopg
import pytest
import yaml

from tests.fakes.aws.__main__ import Options, Running, start
from tests.fakes.aws.emulator import empty
from tests.tools.cluster.certificates import authority, issue

MANIFESTS = Path(__file__).parents[2] / "manifests" / "local"
NAMES = ("rds-0.local-aws.svc", "rds-1.local-aws.svc")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = tmp_path_factory.mktemp("tls")
    ca = authority("RDS")
    ca.write(made, "ca")
    issue(ca, "rds", hosts=NAMES).write(made, "tls")
    return made


@pytest.fixture(scope="module")
def running(folder: Path, emulator: str) -> Iterator[Running]:
    empty(emulator)
    # The servers are not root, where the tests are, and each run of pytest that begins closes its folder to others.
    with tempfile.TemporaryDirectory(prefix="strict-rds-") as data:
        Path(data).chmod(0o711)
        started = start(Options(host="127.0.0.1", port=0, rds=NAMES, rds_port=0, tls=folder, data=Path(data)))
        yield started
        assert started.endpoints
        started.endpoints.keep(set())
        started.whole.close()


def client(running: Running, service: str) -> Any:
    session: Any = boto3.session.Session("a", "b", region_name="us-east-1")
    return session.client(service, endpoint_url=running.url)


def test_the_network_is_the_one_that_the_manifests_name(running: Running) -> None:
    network = running.network
    for file in ("environment.yaml", "environment-rds.yaml"):
        aws = yaml.safe_load((MANIFESTS / file).read_text())["spec"]["aws"]
        named = aws["vpcID"], tuple(aws["subnetIDs"]), aws["podSecurityGroupID"]
        assert named == (network.vpc, network.subnets, network.pods), file


def test_each_instance_is_a_server_of_its_own_behind_its_own_name(running: Running, folder: Path) -> None:
    rds, secrets = client(running, "rds"), client(running, "secretsmanager")
    rds.create_db_subnet_group(DBSubnetGroupName="g", DBSubnetGroupDescription="d", SubnetIds=running.network.subnets)
    rds.create_db_parameter_group(DBParameterGroupName="p", DBParameterGroupFamily="postgres16", Description="d")
    for name in ("one", "two"):
        made(rds, name, running)
    with pytest.raises(rds.exceptions.InstanceQuotaExceededFault):
        made(rds, "three", running)
    ends = [endpoint(rds, name) for name in ("one", "two")]
    assert {host for host, _ in ends} == set(NAMES)
    for (host, port), name in zip(ends, ("one", "two"), strict=True):
        instance = rds.describe_db_instances(DBInstanceIdentifier=name)["DBInstances"][0]
        held = yaml.safe_load(
            secrets.get_secret_value(SecretId=instance["MasterUserSecret"]["SecretArn"])["SecretString"]
        )
        login = {"port": port, "user": held["username"], "password": held["password"], "folder": folder}
        with connected(host, **login) as session:
            session.execute(f"CREATE TABLE of_{name} (id int)".encode())
            found = session.execute("SELECT tablename FROM pg_tables WHERE tablename LIKE 'of_%'").fetchall()
            assert found == [(f"of_{name}",)]
            row = session.execute("SELECT rolsuper FROM pg_roles WHERE rolname = current_user").fetchone()
            assert row == (False,)
        with pytest.raises(psycopg.OperationalError):
            connected(host, **login, sslmode="disable")
        with pytest.raises(psycopg.OperationalError, match="password authentication failed"):
            connected(host, **{**login, "password": "wrong"})
        with pytest.raises(psycopg.OperationalError):
            connected("rds-9.local-aws.svc", **login)
    rds.modify_db_instance(DBInstanceIdentifier="one", DeletionProtection=False)
    rds.delete_db_instance(DBInstanceIdentifier="one", SkipFinalSnapshot=True)
    until(lambda: [i["DBInstanceIdentifier"] for i in rds.describe_db_instances()["DBInstances"]] == ["two"])
    made(rds, "three", running)
    assert endpoint(rds, "three") == ends[0]


def test_one_who_waits_for_a_message_holds_nobody_up(running: Running) -> None:
    sqs = client(running, "sqs")
    url = sqs.create_queue(QueueName="waiting")["QueueUrl"]
    heard: list[Any] = []
    waiting = Thread(target=lambda: heard.append(sqs.receive_message(QueueUrl=url, WaitTimeSeconds=15)))
    waiting.start()
    for number in range(5):
        sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["All"])
        assert not heard, number
    sqs.send_message(QueueUrl=url, MessageBody="now")
    waiting.join(10)
    assert [message["Body"] for message in heard[0]["Messages"]] == ["now"]
    assert "Messages" not in sqs.receive_message(QueueUrl=url, WaitTimeSeconds=1)


def made(rds: Any, name: str, running: Running) -> None:
    rds.create_db_instance(
        DBInstanceIdentifier=name,
        DBInstanceClass="db.t4g.small",
        Engine="postgres",
        EngineVersion="16",
        AllocatedStorage=20,
        StorageType="gp3",
        StorageEncrypted=True,
        MasterUsername="master",
        ManageMasterUserPassword=True,
        DBSubnetGroupName="g",
        DBParameterGroupName="p",
        VpcSecurityGroupIds=[running.network.pods],
        BackupRetentionPeriod=1,
        DeletionProtection=True,
        MultiAZ=False,
        PubliclyAccessible=False,
    )


def endpoint(rds: Any, name: str) -> tuple[str, int]:
    def available() -> Any:
        instance = rds.describe_db_instances(DBInstanceIdentifier=name)["DBInstances"][0]
        return instance.get("Endpoint") if instance["DBInstanceStatus"] == "available" else None

    found = until(available)
    return found["Address"], found["Port"]


def until(probe: Any) -> Any:
    for _ in range(1200):
        if found := probe():
            return found
        time.sleep(0.1)
    raise AssertionError(probe)


def connected(host: str, *, folder: Path, sslmode: str = "verify-full", **login: Any) -> psycopg.Connection:
    return psycopg.connect(
        host=host,
        hostaddr="127.0.0.1",
        dbname="postgres",
        sslmode=sslmode,
        sslrootcert=str(folder / "ca.crt"),
        autocommit=True,
        **login,
    )
