"""`microservice-operator plan`: shows every change of a service and its effect before it is applied."""

import json
from pathlib import Path
from typing import Any

import pytest
import yaml
from typer.testing import CliRunner, Result

from microservice_operator.cli import application
from microservice_operator.external.databases import Databases
from microservice_operator.external.messaging import Queues, Topics
from microservice_operator.external.preview import SECTIONS
from microservice_operator.external.tables import Tables

AWS: dict[str, Any] = {
    "region": "us-east-1",
    "accountID": "123456789012",
    "vpcID": "vpc-1",
    "subnetIDs": ["subnet-1", "subnet-2"],
    "podSecurityGroupID": "sg-1",
}
RDS: dict[str, Any] = {
    "aws": AWS,
    "databases": {
        "provider": "rds",
        "rds": {
            "sizes": {"small": "db.t4g.small", "big": "db.m7g.large"},
            "caSecretRef": {"namespace": "platform", "name": "rds-ca"},
        },
    },
}
SHARED: dict[str, Any] = {
    "databases": {
        "provider": "shared",
        "shared": {"host": "db.example", "adminSecretRef": {"namespace": "platform", "name": "admin"}},
    }
}
EVERYTHING: dict[str, Any] = {
    "image": "order:1",
    "databases": [{"name": "orders", "storage": {"size": "30Gi"}}],
    "tables": [
        {
            "name": "orders",
            "partitionKey": {"name": "id"},
            "globalSecondaryIndexes": [{"name": "byAge", "partitionKey": {"name": "age"}}],
        }
    ],
    "topics": [{"name": "created"}],
    "queues": [{"name": "events"}],
}
Rows = list[tuple[str, str]]


def documents(spec: dict[str, Any], environment: dict[str, Any], name: str = "order") -> str:
    head = {"apiVersion": "microservice-operator.dev/v1alpha1"}
    service = {**head, "kind": "Microservice", "metadata": {"name": name, "namespace": "shop"}, "spec": spec}
    around = {**head, "kind": "Environment", "metadata": {"name": "prod"}, "spec": environment}
    return yaml.safe_dump_all([service, around])


def plan(against: Path, text: str, *arguments: str) -> Result:
    words = ["plan", "-", "--against", str(against), *arguments]
    return CliRunner().invoke(application(words), words, input=text)


def changed(tmp_path: Path, new: dict[str, Any], environment: dict[str, Any] = RDS) -> tuple[Result, Rows]:
    """Only the sections that `new` has differ from those of EVERYTHING."""
    old = tmp_path / "old.yaml"
    old.write_text(documents(EVERYTHING, environment), encoding="utf-8")
    result = plan(old, documents({**EVERYTHING, **new}, environment), "-o", "json")
    assert result.exit_code in (0, 1), result.output
    (service,) = json.loads(result.stdout)
    return result, [(row["effect"], row["field"]) for row in service["changes"]]


def item(section: str, **differing: Any) -> dict[str, Any]:
    return {section: [{**EVERYTHING[section][0], **differing}]}


INDEX = {"name": "byYears", "partitionKey": {"name": "age"}}
CASES: dict[str, tuple[dict[str, Any], Rows]] = {
    "nothing": ({}, []),
    "a class": (item("databases", size="big"), [("restart", "spec.databases[0].size")]),
    "a major version": (item("databases", version="17"), [("restart", "spec.databases[0].version")]),
    "a disk that shrinks": (
        item("databases", storage={"size": "20Gi"}),
        [("refused", "spec.databases[0].storage.size")],
    ),
    "a static parameter": (
        item("databases", parameters={"max_connections": "50"}),
        [("restart", "spec.databases[0].parameters")],
    ),
    "a dynamic parameter": (
        item("databases", parameters={"work_mem": "8192"}),
        [("in place", "spec.databases[0].parameters")],
    ),
    "what AWS does not hear of": (
        item("databases", deletionPolicy="Delete", maintenance={"apply": "Immediately"}),
        [("in place", "spec.databases[0].deletionPolicy"), ("in place", "spec.databases[0].maintenance")],
    ),
    "a key": (item("tables", sortKey={"name": "at"}), [("refused", "spec.tables[0].partitionKey")]),
    "one index for another": (
        item("tables", globalSecondaryIndexes=[INDEX]),
        [("replace", "spec.tables[0].globalSecondaryIndexes")],
    ),
    "a stream": (item("tables", streamViewType="NewImage"), [("in place", "spec.tables[0].streamViewType")]),
    "capacity": (
        item(
            "tables",
            billingMode="Provisioned",
            capacity={"read": {"min": 1, "max": 4}, "write": {"min": 2, "max": 2}},
        ),
        [("in place", "spec.tables[0].billingMode"), ("in place", "spec.tables[0].capacity")],
    ),
    "extended support": (
        item("databases", extendedSupport=True),
        [("in place", "spec.databases[0].extendedSupport")],
    ),
    "a queue": (
        item("queues", visibilityTimeoutSeconds=60, deadLetter={"maxReceiveCount": 3}),
        [("in place", "spec.queues[0].visibilityTimeoutSeconds"), ("in place", "spec.queues[0].deadLetter")],
    ),
    "several, of which one is refused": (
        item("topics", fifo=True, contentBasedDeduplication=True),
        [("refused", "spec.topics[0].fifo")],
    ),
    "an image": ({"image": "order:2"}, [("rollout", "spec")]),
    "replicas": ({"replicas": 5}, [("in place", "spec")]),
    "no port any more": ({"ports": []}, [("rollout", "spec"), ("deleted", "spec.ports")]),
}


@pytest.mark.parametrize("case", CASES)
def test_changes(tmp_path: Path, case: str) -> None:
    new, expected = CASES[case]
    result, rows = changed(tmp_path, new)
    assert [row for row in rows if row != ("rollout", "spec") or row in expected] == expected
    assert result.exit_code == int(any(effect == "refused" for effect, _ in expected))


MIGRATING = item("databases", migration={"command": ["alembic", "upgrade", "head"]})
MIGRATIONS: dict[str, tuple[dict[str, Any], dict[str, Any], str]] = {
    "a new image": (MIGRATING, {**MIGRATING, "image": "order:2"}, "alembic upgrade head"),
    "another command": (MIGRATING, item("databases", migration={"command": ["migrate"]}), ": migrate"),
    "the first": (item("databases"), MIGRATING, "alembic upgrade head"),
    "nothing of it": (MIGRATING, {**MIGRATING, "replicas": 5}, ""),
    "no more": (MIGRATING, item("databases"), ""),
    "none": (item("databases"), {**item("databases"), "image": "order:2"}, ""),
}


@pytest.mark.parametrize("case", MIGRATIONS)
def test_a_migration_that_a_change_runs_is_shown(tmp_path: Path, case: str) -> None:
    was, now, command = MIGRATIONS[case]
    old = tmp_path / "old.yaml"
    old.write_text(documents({**EVERYTHING, **was}, RDS), encoding="utf-8")
    lines = plan(old, documents({**EVERYTHING, **now}, RDS)).stdout.splitlines()
    migrations = [
        line for line in lines if line.startswith("  migrate   spec.databases[0].migration: runs as the schema owner")
    ]
    assert bool(migrations) == bool(command)
    assert not migrations or migrations[0].endswith(command)


@pytest.mark.parametrize(("field", "value"), [("region", "eu-west-1"), ("accountID", "210987654321")])
def test_an_environment_of_another_place_is_refused(tmp_path: Path, field: str, value: str) -> None:
    old = tmp_path / "old.yaml"
    old.write_text(documents(EVERYTHING, RDS), encoding="utf-8")
    moved = {**RDS, "aws": {**AWS, field: value}}
    result = plan(old, documents(EVERYTHING, moved))
    assert result.exit_code == 1
    assert "refused   spec.environment: database orders is at arn:aws:rds:us-east-1:123456789012:" in result.stdout
    assert f"{value} in spec.aws.{field}; nothing is written" in result.stdout
    old.write_text(documents({"image": "order:1"}, RDS), encoding="utf-8")
    assert plan(old, documents({"image": "order:1"}, moved)).exit_code == 0  # nothing is there


def test_parts_that_come_and_go(tmp_path: Path) -> None:
    new = {"tables": None, "topics": None, "queues": [*EVERYTHING["queues"], {"name": "audit"}]}
    _, rows = changed(tmp_path, new)
    assert [row for row in rows if row[0] != "rollout"] == [
        ("retained", "spec.tables"),
        ("retained", "spec.topics"),
        ("created", "spec.queues[1]"),
    ]


def test_what_stays_is_what_the_registry_says() -> None:
    types = {"databases": Databases, "tables": Tables, "topics": Topics, "queues": Queues}
    assert types.keys() == SECTIONS.keys()
    assert all(each.holds_data for each in types.values()), "plan says of each of them that it is retained"


def test_on_a_shared_server_the_fields_of_instances_say_that_they_have_no_effect(tmp_path: Path) -> None:
    result, rows = changed(tmp_path, item("databases", size="big", extensions=["pg_trgm"]), {**SHARED, "aws": AWS})
    assert rows == [("in place", "spec.databases[0].extensions"), ("in place", "spec.databases[0].size")]
    assert "has no effect on a shared server" in result.stdout
    _, rows = changed(tmp_path, item("databases", version="15"), {**SHARED, "aws": AWS})
    assert ("refused", "spec.databases") in rows


ENDS = "no change, unless RDS Extended Support is on, which then ends"
STAYS = "no longer declared; the instance keeps its value"
# Field, old value, new value and what plan says. RDS does not enrol the instances that the operator creates.
WORDINGS: list[tuple[str, Any, Any, str]] = [
    ("extendedSupport", None, True, "enrolling it in RDS Extended Support"),
    ("extendedSupport", None, False, ENDS),
    ("extendedSupport", True, False, "ending its RDS Extended Support"),
    ("extendedSupport", True, None, STAYS),
    ("extendedSupport", False, None, STAYS),
    ("backup", {"window": "01:00-02:00", "retentionDays": 8}, {"retentionDays": 8}, STAYS),
]


@pytest.mark.parametrize(("field", "was", "now", "said"), WORDINGS)
def test_plan_says_what_happens_to_the_instance(tmp_path: Path, field: str, was: Any, now: Any, said: str) -> None:
    old = tmp_path / "old.yaml"
    old.write_text(documents({**EVERYTHING, **item("databases", **{field: was})}, RDS), encoding="utf-8")
    result = plan(old, documents({**EVERYTHING, **item("databases", **{field: now})}, RDS))
    assert said in {line.partition(": ")[2] for line in result.stdout.splitlines()}, result.output


def test_a_key_is_named_without_an_empty_side(tmp_path: Path) -> None:
    old = tmp_path / "old.yaml"
    old.write_text(documents(EVERYTHING, RDS), encoding="utf-8")
    key = "arn:aws:kms:us-east-1:123456789012:key/1"
    encrypted = {**RDS, "aws": {**AWS, "messagingKeyARN": key}}
    encrypting = [line for line in plan(old, documents(EVERYTHING, encrypted)).stdout.splitlines()[1:] if line]
    assert encrypting == [
        f"  in place  spec.topics[0]: encrypting it with KMS key {key}",
        f"  in place  spec.queues[0]: encrypting it with KMS key {key}",
    ]
    old.write_text(documents(EVERYTHING, encrypted), encoding="utf-8")
    back = [line.partition(": ")[2] for line in plan(old, documents(EVERYTHING, RDS)).stdout.splitlines()[1:]]
    assert back == ["encrypting it with the own keys of SNS", "encrypting it with the own keys of SQS"]


def test_a_change_of_the_environment_alone(tmp_path: Path) -> None:
    old = tmp_path / "old.yaml"
    old.write_text(documents(EVERYTHING, RDS), encoding="utf-8")
    rds = {**RDS["databases"]["rds"], "sizes": {"small": "db.m7g.large"}}
    bigger = {**RDS, "databases": {"provider": "rds", "rds": rds}}
    result = plan(old, documents(EVERYTHING, bigger))
    assert result.exit_code == 0, result.output
    assert (
        result.stdout
        == "shop/order\n  restart   spec.databases[0].size: changing size from db.t4g.small to db.m7g.large\n"
    )


def test_text_says_all_of_it_and_a_new_service_is_made(tmp_path: Path) -> None:
    old = tmp_path / "old.yaml"
    old.write_text(documents(EVERYTHING, RDS), encoding="utf-8")
    result = plan(old, documents({**EVERYTHING, **item("databases", version="17")}, RDS))
    assert result.stdout.splitlines()[1].strip() == (
        "restart   spec.databases[0].version: taking snapshot of it before the upgrade to 17"
    )
    assert plan(old, documents(EVERYTHING, RDS)).stdout == "shop/order\n  no changes\n"
    assert (
        plan(old, documents({"image": "web:1"}, RDS, "web")).stdout == "shop/web\n  created   spec: the whole service\n"
    )
    yaml_output = plan(old, documents(EVERYTHING, RDS), "-o", "yaml")
    assert yaml.safe_load(yaml_output.stdout) == [{"namespace": "shop", "name": "order", "changes": [], "routes": []}]


def test_what_cannot_be_planned_is_reported(tmp_path: Path) -> None:
    old = tmp_path / "old.yaml"
    old.write_text(documents(EVERYTHING, RDS), encoding="utf-8")
    for text, code, message in (
        (documents({**EVERYTHING, **item("databases", size="huge")}, RDS), 1, "size huge of database orders"),
        (documents(EVERYTHING, {**SHARED, "aws": AWS}), 1, "databases.provider changed"),
        (documents({**EVERYTHING, "environment": "test"}, RDS), 1, "Environment test is not in the files"),
        ("kind: [", 1, "is not valid YAML"),
    ):
        result = plan(old, text)
        assert result.exit_code == code
        assert message in result.stderr
        assert result.stdout == ""
    old.write_text(documents(EVERYTHING, RDS).split("---")[0], encoding="utf-8")
    result = plan(old, old.read_text(encoding="utf-8"))
    assert (result.exit_code, result.stdout) == (1, "")
    assert "add its file with --environment" in result.stderr
    assert plan(tmp_path / "absent.yaml", documents(EVERYTHING, RDS)).exit_code == 2
