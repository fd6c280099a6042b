"""Resources that leave the spec are deleted after the pods that use them; a deletion stops the pods first."""

from typing import Any

from microservice_operator import names
from microservice_operator.cluster.kinds import POD

from .api import until
from .namespace import Namespace
from .stage import Stage

SECRET, DATABASE_SPEC = "order-orders-database", {"name": "orders", "deletionPolicy": "Delete"}
TOPIC = {"name": "created", "deletionPolicy": "Delete"}
OUTSIDE = {"access": {"to": [{"host": "api.example.com", "ports": [8443]}]}}
FORMER: dict[str, Any] = {"databases": [DATABASE_SPEC], "topics": [TOPIC], **OUTSIDE}
BARE: dict[str, Any] = {"databases": None, "topics": None, "access": None}


def topics(stage: Stage, namespace: Namespace) -> list[str]:
    """ARNs of the topics of a namespace."""
    sns = stage.strict.clients["sns"]
    found = [topic["TopicArn"] for topic in sns.list_topics()["Topics"]]
    tags = {arn: {t["Key"]: t["Value"] for t in sns.list_tags_for_resource(ResourceArn=arn)["Tags"]} for arn in found}
    return [arn for arn in found if tags[arn].get(names.TAG_NAMESPACE) == namespace.name]


def open_ports(namespace: Namespace) -> set[int]:
    """Ports that the service's own policy lets out."""
    rules = namespace.there("NetworkPolicy", "order")["spec"]["egress"]
    return {port["port"] for rule in rules for port in rule.get("ports") or []}


def test_a_release_that_hangs_takes_nothing_from_the_pods_that_run(stage: Stage, namespace: Namespace) -> None:
    namespace.create("order", **FORMER)
    namespace.until_ready("order")
    ((topic,), (database,)) = topics(stage, namespace), stage.databases_of(namespace)
    secret, before = namespace.secret(SECRET), open_ports(namespace)
    assert {8443, stage.postgres_port} <= before

    stage.pods.hold(namespace.name, "ReplicaSet")
    namespace.change("order", image="registry.example/shop/hello:2.0.0", ports=[{"containerPort": 9090}], **BARE)
    namespace.until("order", "Ready", "False", "RolloutProgressing")
    namespace.ask("order")
    namespace.ask("order")
    assert topics(stage, namespace) == [topic]
    assert list(stage.databases_of(namespace)) == [database]
    assert namespace.secret(SECRET) == secret
    assert stage.log_in(secret)
    assert open_ports(namespace) == before
    kept = {(r["kind"], r["name"]): r.get("message", "") for r in namespace.read("order")["status"]["resources"]}
    for part in (("Topic", "created"), ("Database", "orders"), ("Secret", SECRET)):
        assert "when the rollout is complete" in kept[part]

    # a restart of the operator changes nothing
    stage.operator.restart()
    namespace.ask("order")
    assert (namespace.secret(SECRET), open_ports(namespace)) == (secret, before)

    stage.pods.release(namespace.name, "ReplicaSet")
    namespace.until_ready("order")
    until(lambda: namespace.child("Secret", SECRET) is None, "the unused Secret is not deleted")
    until(
        lambda: not {8443, stage.postgres_port} & open_ports(namespace), "the NetworkPolicy still allows unused ports"
    )
    # with the declaration went the consent to delete what holds data
    assert topics(stage, namespace) == [topic]
    assert names.TAG_RETAINED in stage.databases_of(namespace)[database]
    assert {r["layer"] for r in namespace.read("order")["status"]["resources"]} == {"Kubernetes"}


def test_a_release_that_is_taken_back_finds_all_as_it_was(stage: Stage, namespace: Namespace) -> None:
    namespace.create("order", **FORMER)
    namespace.until_ready("order")
    secret = namespace.secret(SECRET)
    stage.pods.hold(namespace.name, "ReplicaSet")
    namespace.change("order", image="registry.example/shop/hello:2.0.0", **BARE)
    namespace.until("order", "Ready", "False", "RolloutProgressing")
    namespace.ask("order")
    namespace.change("order", image="registry.example/shop/hello:1.0.0", **FORMER)
    stage.pods.release(namespace.name, "ReplicaSet")
    namespace.until_ready("order")
    assert namespace.secret(SECRET) == secret
    assert names.TAG_RETAINED not in next(iter(stage.databases_of(namespace).values()))


def test_a_port_that_changes_is_open_for_the_pods_of_both_versions(stage: Stage, namespace: Namespace) -> None:
    caller = {"access": {"from": [{"microservice": "web"}]}}
    namespace.create("order", ports=[{"name": "http", "containerPort": 8080}], **caller)
    namespace.until_ready("order")
    stage.pods.hold(namespace.name, "ReplicaSet")
    namespace.change("order", ports=[{"name": "http", "containerPort": 9090}])
    namespace.until("order", "Ready", "False", "RolloutProgressing")
    namespace.ask("order")

    def admitted() -> set[int]:
        rules = namespace.there("NetworkPolicy", "order")["spec"]["ingress"]
        return {port["port"] for rule in rules for port in rule["ports"]}

    assert admitted() == {8080, 9090}
    stage.pods.release(namespace.name, "ReplicaSet")
    namespace.until_ready("order")
    until(lambda: admitted() == {9090}, "the NetworkPolicy still allows the old port")


def test_deletion_waits_for_the_pods_before_it_takes_their_data(stage: Stage, namespace: Namespace) -> None:
    namespace.create("order", **FORMER)
    namespace.until_ready("order")
    pod = namespace.api.items(POD, namespace.name)[0]["metadata"]["name"]
    namespace.api.merge(POD, (namespace.name, pod), {"metadata": {"finalizers": ["example.com/still-writing"]}})
    namespace.delete("order")

    def deletion() -> dict[str, Any]:
        return {entry["kind"]: entry for entry in namespace.read("order")["status"].get("deletion") or []}

    until(lambda: "Pod" in deletion(), "status.deletion does not name the pods")
    waiting = deletion()
    assert "pods are terminating" in waiting["Pod"]["message"]
    assert "is deleted after the pods" in waiting["Database"]["message"]
    stage.idle(1)  # after a minute, a terminating pod counts as a pod of a lost node
    assert stage.databases_of(namespace)
    assert topics(stage, namespace)
    until(lambda: namespace.child("Deployment", "order") is None, "the Deployment is not deleted")
    namespace.api.merge(POD, (namespace.name, pod), {"metadata": {"finalizers": None}})
    namespace.until_gone("order")
    assert (stage.databases_of(namespace), topics(stage, namespace)) == ({}, [])


def test_deletion_lets_a_migration_end_whose_database_stays(stage: Stage, namespace: Namespace) -> None:
    database = {"name": "orders", "migration": {"command": ["alembic", "upgrade", "head"]}}
    stage.pods.hold(namespace.name, "Job")
    namespace.create("order", databases=[database])
    namespace.until("order", "Ready", "False", "MigrationRunning")
    namespace.delete("order")

    def job_messages() -> list[str]:
        left = namespace.read("order")["status"].get("deletion") or []
        return [entry["message"] for entry in left if entry["kind"] == "Job"]

    until(job_messages, "status.deletion does not name the migration")
    assert "is running, and its database is retained; delete the Job to stop it now" in job_messages()[0]
    stage.idle(1)
    (job,) = [name for kind, name in namespace.children("order") if kind == "Job"]
    assert "deletionTimestamp" not in namespace.there("Job", job)["metadata"]
    stage.pods.release(namespace.name, "Job")
    namespace.until_gone("order")
    assert names.TAG_RETAINED in next(iter(stage.databases_of(namespace).values()))
