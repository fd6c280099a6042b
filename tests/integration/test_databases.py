"""Databases on a shared PostgreSQL with TLS, and the Secrets with their connections."""

from typing import Any

import pytest

from microservice_operator import names
from microservice_operator.cluster.kinds import CHILDREN, ENVIRONMENT, POD, SECRET
from tests.whole.holdings import holdings

from . import install
from .api import Refused, until
from .namespace import IMAGE, Namespace
from .stage import Stage

DATABASE, OWNER = "order-orders-database", "order-orders-database-owner"


def orders(**more: Any) -> dict[str, Any]:
    """A spec with one database."""
    return {"databases": [{"name": "orders", **more}]}


MIGRATED = orders(migration={"command": ["alembic", "upgrade", "head"]})


def test_a_database_lets_its_two_roles_in_and_is_kept_by_default(stage: Stage, namespace: Namespace) -> None:
    uid = namespace.create("order", **orders())["metadata"]["uid"]
    namespace.until_ready("order")
    runtime, owner = namespace.secret(DATABASE), namespace.secret(OWNER)
    assert stage.log_in(runtime) == runtime["username"]
    assert stage.log_in(owner) == owner["username"]
    assert runtime["username"] != owner["username"]
    ((name, marks),) = stage.databases_of(namespace).items()
    assert uid in marks
    stage.postgres.run("CREATE TABLE kept AS SELECT 1 AS one", name)

    namespace.delete("order")
    namespace.until_gone("order")
    ((kept, marks),) = stage.databases_of(namespace).items()
    assert (kept, names.TAG_RETAINED in marks) == (name, True)
    assert namespace.events("DatabaseRetained")
    namespace.until_gone(DATABASE, SECRET)

    again = namespace.create("order", **orders())["metadata"]["uid"]
    namespace.until_ready("order")
    ((name_again, marks),) = stage.databases_of(namespace).items()
    assert (name_again, again in marks, names.TAG_RETAINED in marks) == (name, True, False)
    assert stage.postgres.run("SELECT one FROM kept", name) == [(1,)]
    assert stage.log_in(namespace.secret(DATABASE))


def test_policy_delete_drops_database_and_roles(stage: Stage, namespace: Namespace) -> None:
    namespace.create("order", **orders(deletionPolicy="Delete"))
    namespace.until_ready("order")
    assert len(stage.roles_of(namespace)) == 2
    namespace.delete("order")
    namespace.until_gone("order")
    assert (stage.databases_of(namespace), stage.roles_of(namespace)) == ({}, [])
    assert namespace.events("DatabaseDeleted")


def test_a_secret_that_is_deleted_comes_back_with_the_password_that_worked(stage: Stage, namespace: Namespace) -> None:
    namespace.create("order", **orders())
    namespace.until_ready("order")
    before = {name: namespace.secret(name) for name in (DATABASE, OWNER)}
    generation = namespace.there("Deployment", "order")["metadata"]["generation"]
    for deleted in (DATABASE, OWNER):
        namespace.api.delete(SECRET, namespace.name, deleted)
        until(lambda name=deleted: namespace.child("Secret", name), f"Secret {deleted} is not created again")  # type: ignore[misc]
        namespace.ask("order")
        assert {name: namespace.secret(name) for name in before} == before
        assert stage.log_in(before[deleted])
    assert namespace.there("Deployment", "order")["metadata"]["generation"] == generation
    assert not namespace.events("PasswordRenewed")

    # after a restart the password is known nowhere: another one, which works, and pods that get it
    stage.operator.kill()
    namespace.api.delete(SECRET, namespace.name, DATABASE)
    stage.operator.start()
    namespace.until_ready("order")
    until(lambda: namespace.child("Secret", DATABASE), "the Secret is not created again")
    namespace.ask("order")
    after = namespace.secret(DATABASE)
    assert after["password"] != before[DATABASE]["password"]
    assert stage.log_in(after)
    assert namespace.secret(OWNER) == before[OWNER], "the other one is as it was"
    assert namespace.there("Deployment", "order")["metadata"]["generation"] > generation
    assert namespace.events("PasswordRenewed")


EDITS: dict[str, dict[str, str | None]] = {
    "another password": {"password": "c3VycHJpc2U="},
    "an empty password": {"password": ""},
    "no password": {"password": None},
    "bytes": {"password": "//79"},
    "another host": {"host": "ZXZpbA=="},
}


@pytest.mark.parametrize("what", EDITS)
def test_what_somebody_writes_into_a_secret_never_becomes_a_password(
    stage: Stage, namespace: Namespace, what: str
) -> None:
    """This also holds if the operator was stopped meanwhile."""
    namespace.create("order", **orders())
    namespace.until_ready("order")
    before, data = namespace.secret(DATABASE), EDITS[what]

    def whole() -> bool:
        found = namespace.there("Secret", DATABASE)["data"]
        return all(found.get(key) not in ("", value) for key, value in data.items())

    namespace.api.merge(SECRET, (namespace.name, DATABASE), {"data": data})
    until(whole, f"{what} in a Secret is not reverted")
    namespace.ask("order")
    assert namespace.secret(DATABASE) == before
    assert stage.log_in(before)
    if what == "another password":
        stage.operator.kill()
        namespace.api.merge(SECRET, (namespace.name, DATABASE), {"data": data})
        stage.operator.start()
        until(whole, f"{what} in a Secret is not reverted")
        namespace.until_ready("order")
        namespace.ask("order")
        assert namespace.secret(DATABASE)["password"] not in (before["password"], "surprise")
        assert stage.log_in(namespace.secret(DATABASE))


def test_the_secret_of_another_is_neither_read_nor_used(stage: Stage, namespace: Namespace) -> None:
    namespace.create("first", **orders(connection={"secretName": "shared"}))
    namespace.until_ready("first")
    theirs = namespace.secret("shared")
    namespace.create("second", **orders(connection={"secretName": "shared"}))
    condition = namespace.until_stalled("second", "Conflict")
    assert "Secret shared already exists and is not owned by this Microservice" in condition["message"]
    namespace.ask("second")
    assert namespace.child("Deployment", "second") is None
    assert namespace.secret("shared") == theirs
    assert stage.log_in(theirs) == theirs["username"]
    roles = [role for role in stage.roles_of(namespace) if "second" in role]
    assert roles == [], "no role was given a password that another service reads"


def test_the_rollout_waits_for_the_migration(stage: Stage, namespace: Namespace) -> None:
    stage.pods.hold(namespace.name, "Job")
    namespace.create("order", **MIGRATED)
    namespace.until("order", "Ready", "False", "MigrationRunning")
    namespace.ask("order")
    assert namespace.child("Deployment", "order") is None
    stage.pods.release(namespace.name, "Job")
    namespace.until_ready("order")

    stage.pods.hold(namespace.name, "Job")
    namespace.change("order", image="registry.example/shop/hello:2.0.0")
    namespace.until("order", "Ready", "False", "MigrationRunning")
    namespace.ask("order")
    container = namespace.there("Deployment", "order")["spec"]["template"]["spec"]["containers"][0]
    assert container["image"] == IMAGE
    assert namespace.there("Secret", DATABASE), "what is held is not pruned"
    stage.pods.release(namespace.name, "Job")
    namespace.until_ready("order")
    container = namespace.there("Deployment", "order")["spec"]["template"]["spec"]["containers"][0]
    assert container["image"] == "registry.example/shop/hello:2.0.0"


def test_a_failed_migration_keeps_the_pods_that_run(stage: Stage, namespace: Namespace) -> None:
    namespace.create("order", **MIGRATED)
    namespace.until_ready("order")
    before = namespace.there("Deployment", "order")
    stage.pods.hold(namespace.name, "Job")
    namespace.change("order", image="registry.example/shop/hello:broken")
    namespace.until("order", "Ready", "False", "MigrationRunning")
    jobs = [name for kind, name in namespace.children("order") if kind == "Job"]
    running = next(name for name in jobs if not namespace.there("Job", name)["status"].get("succeeded"))
    _fail(namespace, running)
    assert running in namespace.until_stalled("order", "MigrationFailed")["message"]
    namespace.ask("order")
    assert namespace.there("Deployment", "order")["spec"] == before["spec"]
    stage.pods.release(namespace.name, "Job")
    namespace.change("order", image="registry.example/shop/hello:mended")
    namespace.until_ready("order")


def test_a_migration_that_is_at_work_is_left_to_end_and_the_next_one_waits(stage: Stage, namespace: Namespace) -> None:
    mark = stage.audit.now()
    stage.pods.hold(namespace.name, "Job")
    namespace.create("order", **MIGRATED)
    namespace.until("order", "Ready", "False", "MigrationRunning")
    (first,) = _jobs(namespace)
    for image in ("registry.example/shop/hello:2.0.0", "registry.example/shop/hello:3.0.0"):
        namespace.change("order", image=image)
        namespace.ask("order")
        condition = namespace.until("order", "Ready", "False", "MigrationRunning")
        assert f"is waiting for migration Job {first}" in condition["message"]
        assert set(_jobs(namespace)) == {first}
    stage.pods.release(namespace.name, "Job")
    namespace.until_ready("order")
    assert set(_jobs(namespace)) > {first}
    assert len(_jobs(namespace)) == 2, "the version in between, which was replaced, has no migration"
    assert not [write for write in stage.audit.writes(mark, namespace.name) if write.verb == "delete"]


def test_a_migration_that_somebody_deletes_makes_way_once_its_pod_has_ended(stage: Stage, namespace: Namespace) -> None:
    stage.pods.hold(namespace.name, "Job")
    namespace.create("order", **MIGRATED)
    namespace.until("order", "Ready", "False", "MigrationRunning")
    (first,) = _jobs(namespace)
    (pod,) = namespace.api.items(POD, namespace.name)
    key = (namespace.name, pod["metadata"]["name"])
    namespace.api.merge(POD, key, {"metadata": {"finalizers": ["tests.example/stays"]}})
    namespace.change("order", image="registry.example/shop/hello:2.0.0")
    namespace.api.delete(CHILDREN["Job"], namespace.name, first)
    namespace.until_gone(first, CHILDREN["Job"])
    namespace.ask("order")
    assert not _jobs(namespace), "its pod may still be running"
    stage.pods.release(namespace.name, "Job")
    namespace.api.merge(POD, key, {"metadata": {"finalizers": None}})
    namespace.until_ready("order")
    assert first not in _jobs(namespace)


def test_a_failed_migration_is_run_again_when_what_it_is_made_of_changes(stage: Stage, namespace: Namespace) -> None:
    stage.pods.hold(namespace.name, "Job")
    namespace.create("order", **MIGRATED)
    namespace.until("order", "Ready", "False", "MigrationRunning")
    ((name, failed),) = _jobs(namespace).items()
    _fail(namespace, name)
    namespace.until_stalled("order", "MigrationFailed")
    namespace.change("order", replicas=1)
    namespace.ask("order")
    assert _jobs(namespace)[name]["metadata"]["uid"] == failed["metadata"]["uid"], "that is no part of it"
    stage.pods.release(namespace.name, "Job")
    namespace.change("order", env=[{"name": "SCHEMA_MODE", "value": "expand"}])
    namespace.until_ready("order")
    ((again, done),) = _jobs(namespace).items()
    assert (again, done["metadata"]["uid"] == failed["metadata"]["uid"]) == (name, False)
    namespace.change("order", env=[{"name": "SCHEMA_MODE", "value": "contract"}])
    namespace.ask("order")
    namespace.until_ready("order")
    assert _jobs(namespace)[name]["metadata"]["uid"] == done["metadata"]["uid"], "one that has succeeded is not"


@pytest.mark.parametrize("missing", ["vpcID", "subnetIDs", "podSecurityGroupID"])
def test_an_environment_of_rds_without_its_network_is_refused_in_words(
    stage: Stage, namespace: Namespace, missing: str
) -> None:
    aws = {"vpcID": "vpc-1", "subnetIDs": ["subnet-1", "subnet-2"], "podSecurityGroupID": "sg-1"}
    del aws[missing]
    rds = {"sizes": {"small": "db.t4g.small"}, "caSecretRef": {"namespace": "platform", "name": "rds-ca"}}
    spec = {
        "aws": {"region": install.REGION, "accountID": install.ACCOUNT, **aws},
        "databases": {"provider": "rds", "rds": rds},
    }
    with pytest.raises(Refused, match=r"databases: provider rds needs aws\.vpcID, aws\.subnetIDs and"):
        stage.api.apply(ENVIRONMENT, {"metadata": {"name": namespace.name}, "spec": spec})


def test_a_size_that_the_environment_does_not_have_is_refused_in_words(stage: Stage, namespace: Namespace) -> None:
    install.rds_environment(stage.api, stage.strict, stage.admin["ca.crt"], namespace.name)
    namespace.create("order", **orders(size="huge"), environment=namespace.name)
    message = namespace.until_stalled("order", "Rejected")["message"]
    assert "size huge of database orders is not defined in the Environment; use one of: medium, small" in message
    assert namespace.child("Service", "order"), "the rest is there"
    namespace.delete("order")
    namespace.until_gone("order")
    assert not holdings(stage.strict, namespace.name, "order")
    stage.api.delete(ENVIRONMENT, "", namespace.name)


def test_a_wrong_admin_password_is_named_and_recovers(stage: Stage, namespace: Namespace) -> None:
    wrong = {**stage.admin, "password": "canary-of-a-wrong-password"}
    install.environment(stage.api, stage.postgres_port, wrong)
    try:
        stage.operator.restart()  # an admin login is remembered until the resync
        namespace.create("order", **orders())
        condition = namespace.until("order", "DatabasesReady", "Unknown", "DatabaseUnreachable")
        assert "password" in condition["message"]
    finally:
        install.environment(stage.api, stage.postgres_port, stage.admin)
    namespace.until_ready("order")


def _jobs(namespace: Namespace) -> dict[str, Any]:
    return {name: job for (kind, name), job in namespace.children("order").items() if kind == "Job"}


def _fail(namespace: Namespace, name: str) -> None:
    """What the Job controller writes when the last retry has failed; four pods and their pauses take minutes."""
    now = namespace.there("Job", name)["metadata"]["creationTimestamp"]
    conditions = [
        {"type": kind, "status": "True", "reason": "BackoffLimitExceeded", "lastTransitionTime": now}
        for kind in ("FailureTarget", "Failed")
    ]
    failed = {"conditions": conditions, "active": 0, "ready": 0, "terminating": 0, "failed": 4}
    namespace.api.merge(CHILDREN["Job"], (namespace.name, name), {"status": failed}, "status")
