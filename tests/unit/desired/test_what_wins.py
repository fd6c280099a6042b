"""Every default and generated name, together with a declared value: the rows of `docs/reference/defaults.md`."""

import re
from collections.abc import Callable
from typing import Any

import pytest

from microservice_operator.api.crd import crds
from microservice_operator.api.microservice import MicroserviceSpec
from microservice_operator.desired import children
from microservice_operator.desired.context import Context, Table
from microservice_operator.errors import InvalidSpec
from tests.conftest import REPOSITORY
from tests.unit.desired.builders import (
    CONNECTION,
    DATABASE,
    MIGRATING,
    TABLE,
    body,
    container,
    context,
    job_name,
    kinds,
    one,
    pod,
)

PAGE = (REPOSITORY / "docs" / "reference" / "defaults.md").read_text("utf-8")
ROWS = re.findall(r"^\| (.+?) \| .* \| .* \|$", PAGE, re.MULTILINE)[1:]
AWS = {"aws": {"region": "eu-west-1", "accountID": "123456789012"}}
KNOWN: dict[str, Any] = {
    "connections": {"orders": CONNECTION},
    "tables": {"products": Table("T", ready=True), "b": Table("B", ready=True)},
}
METRIC = {"type": "Pods", "pods": {"metric": {"name": "x"}, "target": {"type": "AverageValue", "averageValue": "5"}}}
JOB = {"name": "cleanup", "schedule": "@daily", "command": ["clean"]}
JOB_POD = ("jobTemplate", "spec", "template", "spec")
WORK = {"name": "work", "emptyDir": {}}
Found = Callable[[Context], Any]


def deployment(*path: str) -> Found:
    return lambda of: at(body(of, "Deployment")["spec"], *path)


def at(node: Any, *path: str) -> Any:
    for key in path:
        node = node.get(key) if node is not None else None
    return node


def of_container(*path: str) -> Found:
    return lambda of: at(container(of), *path)


def variable(name: str) -> Found:
    def found(of: Context) -> Any:
        return next((v.get("value", v.get("valueFrom")) for v in container(of)["env"] if v["name"] == name), None)

    return found


def policy(of: Context) -> Any:
    return body(of, "NetworkPolicy")["spec"]["ingress"]


def migration(*path: str) -> Found:
    return lambda of: at(body(of, "Job", job_name(of))["spec"], *path)


def cron_job(*path: str) -> Found:
    return lambda of: at(body(of, "CronJob", "order-cleanup")["spec"], *path)


def _labels(of: Context) -> Any:
    return body(of, "Service")["metadata"]["labels"]


REFUSED = "refused"
# Each row of the page: its first cell, the spec, the Environment, the value to read, and the expected value.
WINS: list[tuple[str, dict[str, Any], dict[str, Any] | None, Found, Any]] = [
    ("`replicas`", {}, None, deployment("replicas"), 2),
    ("`replicas`", {}, {"defaults": {"replicas": 3}}, deployment("replicas"), 3),
    ("`replicas`", {"replicas": 0}, {"defaults": {"replicas": 3}}, deployment("replicas"), 0),
    ("`replicas`", {"replicas": 4, "replicasManagedBy": "External"}, None, deployment("replicas"), None),
    ("`ports`", {}, None, lambda of: [p["name"] for p in container(of)["ports"]], ["http"]),
    ("`ports`", {"ports": [{"name": "g"}]}, None, lambda of: [p["name"] for p in container(of)["ports"]], ["g"]),
    ("`ports`", {"ports": []}, None, lambda of: "Service" in kinds(of), False),
    ("`ports`", {"ports": []}, None, of_container("ports"), None),
    ("`livenessProbe`", {}, None, of_container("livenessProbe", "httpGet", "path"), "/health"),
    ("`livenessProbe`", {"ports": []}, None, of_container("livenessProbe"), None),
    ("`livenessProbe`", {"readinessProbe": {"grpc": {"port": 1}}}, None, of_container("livenessProbe"), None),
    ("`readinessProbe`", {}, None, of_container("readinessProbe", "httpGet", "path"), "/ready"),
    ("`readinessProbe`", {"livenessProbe": {"tcpSocket": {"port": 1}}}, None, of_container("readinessProbe"), None),
    (
        *("`startupProbe`", {"livenessProbe": {"httpGet": {"path": "/live"}}}, None),
        *(of_container("startupProbe", "httpGet", "path"), "/live"),
    ),
    ("`startupProbe`", {"livenessProbe": {"disabled": True}}, None, of_container("startupProbe"), None),
    (
        *("`httpGet.path`", {"livenessProbe": {"httpGet": {"port": 9000}}}, None),
        *(of_container("livenessProbe", "httpGet"), {"path": "/", "port": 9000}),
    ),
    (
        *("`httpGet.port`", {"lifecycle": {"postStart": {"httpGet": {"path": "/warm"}}}}, None),
        *(of_container("lifecycle", "postStart", "httpGet"), {"path": "/warm", "port": "http"}),
    ),
    (
        *("`httpGet.port`", {"lifecycle": {"preStop": {"httpGet": {"path": "/bye", "port": 9}}}}, None),
        *(of_container("lifecycle", "preStop", "httpGet"), {"path": "/bye", "port": 9}),
    ),
    ("`progressDeadlineSeconds`", {}, None, deployment("progressDeadlineSeconds"), 600),
    (
        *("`progressDeadlineSeconds`", {"startupProbe": {"failureThreshold": 900}}, None),
        *(deployment("progressDeadlineSeconds"), 2105),
    ),
    ("`progressDeadlineSeconds`", {"progressDeadlineSeconds": 60}, None, deployment("progressDeadlineSeconds"), 60),
    ("`progressDeadlineSeconds`", {"minReadySeconds": 400}, None, deployment("progressDeadlineSeconds"), 765),
    ("`resources`", {}, {"defaults": {"resources": {}}}, of_container("resources"), None),
    ("`resources`", {"resources": {"limits": {"cpu": 1}}}, None, of_container("resources"), {"limits": {"cpu": 1}}),
    ("`resources`", {"resources": {}, "autoscaling": {"maxReplicas": 3}}, None, of_container("resources"), REFUSED),
    ("`lifecycle.preStop`", {}, None, of_container("lifecycle", "preStop", "sleep", "seconds"), 5),
    ("`lifecycle.preStop`", {"ports": []}, None, of_container("lifecycle"), None),
    (
        *("`lifecycle.preStop`", {"terminationGracePeriodSeconds": 4}, None),
        *(of_container("lifecycle", "preStop", "sleep", "seconds"), 2),
    ),
    (
        *("`lifecycle.preStop`", {"lifecycle": {"preStop": {"exec": {"command": ["x"]}}}}, None),
        *(of_container("lifecycle", "preStop"), {"exec": {"command": ["x"]}}),
    ),
    (
        *("`strategy.rollingUpdate`", {"strategy": {"rollingUpdate": {"maxSurge": 0}}}, None),
        *(deployment("strategy", "rollingUpdate"), {"maxSurge": 0, "maxUnavailable": 1}),
    ),
    ("`podDisruptionBudget`", {"replicas": 1}, None, lambda of: "PodDisruptionBudget" in kinds(of), False),
    (
        *("`podDisruptionBudget`", {"replicas": 1, "replicasManagedBy": "External"}, None),
        *(lambda of: "PodDisruptionBudget" in kinds(of), True),
    ),
    (
        *("`podDisruptionBudget`", {"replicas": 1, "podDisruptionBudget": {"minAvailable": 1}}, None),
        *(lambda of: body(of, "PodDisruptionBudget")["spec"]["minAvailable"], 1),
    ),
    ("`topologySpreadConstraints`", {"replicas": 1}, None, lambda of: len(pod(of)["topologySpreadConstraints"]), 2),
    (
        *("`topologySpreadConstraints`", {"topologySpreadConstraints": []}, None),
        *(lambda of: pod(of).get("topologySpreadConstraints"), None),
    ),
    (
        *("`topologySpreadConstraints`", {}, {"defaults": {"topologySpread": False}}),
        *(lambda of: pod(of).get("topologySpreadConstraints"), None),
    ),
    (
        *("`autoscaling` target", {"autoscaling": {"maxReplicas": 3, "metrics": [METRIC]}}, None),
        *(lambda of: [m["type"] for m in body(of, "HorizontalPodAutoscaler")["spec"]["metrics"]], ["Pods"]),
    ),
    ("`autoscaling.minReplicas`", {"autoscaling": {"maxReplicas": 1}}, None, pod, REFUSED),
    (
        *("`autoscaling.minReplicas`", {"autoscaling": {"minReplicas": 1, "maxReplicas": 1}}, None),
        *(lambda of: body(of, "HorizontalPodAutoscaler")["spec"]["minReplicas"], 1),
    ),
    (
        *("`securityContext`", {"securityContext": {"readOnlyRootFilesystem": False}}, None),
        *(of_container("securityContext", "readOnlyRootFilesystem"), False),
    ),
    (
        *("`securityContext`", {"securityContext": {"capabilities": {"drop": [], "add": ["NET_BIND_SERVICE"]}}}, None),
        *(of_container("securityContext", "capabilities"), {"drop": ["ALL"], "add": ["NET_BIND_SERVICE"]}),
    ),
    (
        *("`podSecurityContext`", {"podSecurityContext": {"seccompProfile": {"type": "Localhost"}}}, None),
        *(lambda of: pod(of)["securityContext"]["seccompProfile"], {"type": "Localhost"}),
    ),
    (
        *("`volumes`: tmp", {"volumes": [{"name": "tmp", "emptyDir": {"sizeLimit": "1Gi"}}]}, None),
        *(lambda of: pod(of)["volumes"], [{"name": "tmp", "emptyDir": {"sizeLimit": "1Gi"}}]),
    ),
    ("`volumes`: tmp", {"volumes": [{"name": "tmp", "secret": {"secretName": "s"}}]}, None, pod, REFUSED),
    (
        *("`volumeMounts`: /tmp", {"volumes": [WORK], "volumeMounts": [{"name": "work", "mountPath": "/tmp"}]}, None),
        *(of_container("volumeMounts"), [{"name": "work", "mountPath": "/tmp"}]),
    ),
    (
        *("identity variables", {"env": [{"name": "ENVIRONMENT", "value": "mine"}]}, AWS),
        *(variable("ENVIRONMENT"), "mine"),
    ),
    ("identity variables", {}, AWS, variable("ENVIRONMENT"), "prod"),
    (
        *("AWS variables", {"tables": [TABLE], "env": [{"name": "AWS_ENDPOINT_URL", "value": "mine"}]}, None),
        *(variable("AWS_ENDPOINT_URL"), "mine"),
    ),
    ("AWS variables", {"tables": [TABLE]}, None, variable("AWS_ENDPOINT_URL"), "http://moto:5000"),
    (
        *(
            "variables of declared resources",
            {"tables": [TABLE], "env": [{"name": "PRODUCTS_TABLE", "value": "x"}]},
            None,
        ),
        *(pod, REFUSED),
    ),
    (
        *("variables of declared resources", {"databases": [{**DATABASE, "connection": {"envPrefix": "PG"}}]}, None),
        *(variable("DATABASE_URL"), None),
    ),
    ("`TABLE_NAME`", {"tables": [TABLE]}, None, variable("TABLE_NAME"), "T"),
    ("`TABLE_NAME`", {"tables": [TABLE, {**TABLE, "name": "b"}]}, None, variable("TABLE_NAME"), None),
    (
        *("`TABLE_NAME`", {"tables": [TABLE], "databases": [{**DATABASE, "connection": {"envPrefix": "TABLE"}}]}, None),
        *(variable("TABLE_NAME"), {"secretKeyRef": {"name": "order-orders-database", "key": "database"}}),
    ),
    (
        *("keys of `envFrom`", {"envFrom": [{"configMapRef": {"name": "settings"}}]}, AWS),
        *(variable("AWS_REGION"), "eu-west-1"),
    ),
    (
        *("`NAME_URL` of a dependency", {"dependencies": [{"name": "user"}]}, None),
        *(variable("USER_URL"), "http://user.shop.svc"),
    ),
    (
        *("labels", {"tags": {"team": "a"}}, None),
        *(lambda of: body(of, "Service")["metadata"]["labels"]["team"], "a"),
    ),
    (
        *("labels", {"tags": {"app.kubernetes.io/name": "a", "owner": "a@b"}}, None),
        *(lambda of: _labels(of).get("app.kubernetes.io/name"), "order"),
    ),
    ("labels", {"tags": {"owner": "a@b"}}, None, lambda of: "owner" in _labels(of), False),
    ("labels", {"tags": {"microservice-operator.dev/microservice": "a"}}, None, pod, REFUSED),
    ("ingress of the NetworkPolicy", {}, None, policy, []),
    (
        *("ingress of the NetworkPolicy", {"service": {"type": "NodePort"}, "access": {"from": []}}, None),
        *(lambda of: getattr(one(of, "NetworkPolicy").notice, "field", ""), "spec.access.from"),
    ),
    ("ingress for `metrics`", {"metrics": {}}, None, policy, []),
    (
        *("ingress for `metrics`", {"metrics": {}}, None),
        *(lambda of: getattr(one(of, "NetworkPolicy").notice, "field", ""), "spec.metrics"),
    ),
    (
        *("egress to metadata addresses", {"access": {"to": [{"cidr": "169.254.169.254/32", "ports": [80]}]}}, None),
        *(pod, REFUSED),
    ),
    (
        *("nodes of a migration", {"databases": [MIGRATING], "nodeSelector": {"a": "b"}, "volumes": [WORK]}, None),
        *(migration("template", "spec", "nodeSelector"), {"a": "b"}),
    ),
    (
        *("nodes of a migration", {"databases": [MIGRATING], "volumes": [WORK]}, None),
        *(lambda of: [v["name"] for v in migration("template", "spec", "volumes")(of)], ["tmp"]),
    ),
    ("`migration.timeout`", {"databases": [MIGRATING]}, None, migration("activeDeadlineSeconds"), 600),
    ("`concurrencyPolicy` of a job", {"jobs": [JOB]}, None, cron_job("concurrencyPolicy"), "Forbid"),
    (
        *("`concurrencyPolicy` of a job", {"jobs": [{**JOB, "concurrencyPolicy": "Allow"}]}, None),
        *(cron_job("concurrencyPolicy"), "Allow"),
    ),
    (
        *("nodes and volumes of a job", {"jobs": [JOB], "nodeSelector": {"a": "b"}, "volumes": [WORK]}, None),
        *(cron_job(*JOB_POD, "nodeSelector"), {"a": "b"}),
    ),
    (
        *("nodes and volumes of a job", {"jobs": [JOB], "volumes": [WORK]}, None),
        *(lambda of: [v["name"] for v in cron_job(*JOB_POD, "volumes")(of)], ["tmp", "work"]),
    ),
    ("name of a CronJob", {"jobs": [JOB]}, None, lambda of: one(of, "CronJob", "order-cleanup").name, "order-cleanup"),
    (
        *("name of a connection Secret", {"databases": [{**DATABASE, "connection": {"secretName": "pg"}}]}, None),
        *(lambda of: "pg" in [one(of, "Secret", "pg").name], True),
    ),
]
ELSEWHERE = {"`deletionProtection` of a table"}  # tests/unit/aws/test_plan.py


@pytest.mark.parametrize(("row", "spec", "environment", "look", "expected"), WINS)
def test_what_is_declared_wins(
    row: str, spec: dict[str, Any], environment: dict[str, Any] | None, look: Found, expected: Any
) -> None:
    assert row in ROWS
    if expected == REFUSED:
        with pytest.raises(InvalidSpec):
            context(spec, environment)
        return
    assert look(context(spec, environment, aws_endpoint_url="http://moto:5000", **KNOWN)) == expected


def test_every_row_of_the_page_is_held_to() -> None:
    assert set(ROWS) == {row for row, *_ in WINS} | ELSEWHERE


# What the operator generates although the spec does not contain it: the row of the page, or the reason why none.
POD = "Deployment.pod"
CONTAINER = "Deployment.container"
NO_FIELD = "the spec has no such field"
REQUIRED = "from a required field"
NO_CHOICE = "it must match the labels of the pods"
SCHEMA = "a default of the schema"
GENERATED = {
    f"{CONTAINER}.env": "identity variables",
    f"{CONTAINER}.image": REQUIRED,
    f"{CONTAINER}.lifecycle": "`lifecycle.preStop`",
    f"{CONTAINER}.livenessProbe": "`livenessProbe`",
    f"{CONTAINER}.name": NO_FIELD,
    f"{CONTAINER}.ports": "`ports`",
    f"{CONTAINER}.readinessProbe": "`readinessProbe`",
    f"{CONTAINER}.resources": "`resources`",
    f"{CONTAINER}.securityContext": "`securityContext`",
    f"{CONTAINER}.startupProbe": "`startupProbe`",
    f"{CONTAINER}.volumeMounts": "`volumeMounts`: /tmp",
    f"{POD}.automountServiceAccountToken": NO_FIELD,
    f"{POD}.enableServiceLinks": NO_FIELD,
    f"{POD}.securityContext": "`podSecurityContext`",
    f"{POD}.serviceAccountName": NO_FIELD,
    f"{POD}.terminationGracePeriodSeconds": SCHEMA,
    f"{POD}.topologySpreadConstraints": "`topologySpreadConstraints`",
    f"{POD}.volumes": "`volumes`: tmp",
    "Deployment.spec.progressDeadlineSeconds": "`progressDeadlineSeconds`",
    "Deployment.spec.replicas": "`replicas`",
    "Deployment.spec.revisionHistoryLimit": NO_FIELD,
    "Deployment.spec.selector": NO_CHOICE,
    "Deployment.spec.strategy": "`strategy.rollingUpdate`",
    "HorizontalPodAutoscaler.spec.maxReplicas": REQUIRED,
    "HorizontalPodAutoscaler.spec.metrics": "`autoscaling` target",
    "HorizontalPodAutoscaler.spec.minReplicas": "`autoscaling.minReplicas`",
    "HorizontalPodAutoscaler.spec.scaleTargetRef": NO_CHOICE,
    "Job.container.command": REQUIRED,
    "Job.container.env": "identity variables",
    "Job.container.image": REQUIRED,
    "Job.container.name": NO_FIELD,
    "Job.container.resources": "`resources`",
    "Job.container.securityContext": "`securityContext`",
    "Job.container.volumeMounts": "nodes of a migration",
    "Job.pod.automountServiceAccountToken": NO_FIELD,
    "Job.pod.enableServiceLinks": NO_FIELD,
    "Job.pod.restartPolicy": NO_FIELD,
    "Job.pod.securityContext": "`podSecurityContext`",
    "Job.pod.serviceAccountName": NO_FIELD,
    "Job.pod.volumes": "nodes of a migration",
    "Job.spec.activeDeadlineSeconds": "`migration.timeout`",
    "Job.spec.backoffLimit": NO_FIELD,
    "NetworkPolicy.spec.egress": "egress to metadata addresses",
    "NetworkPolicy.spec.ingress": "ingress of the NetworkPolicy",
    "NetworkPolicy.spec.podSelector": NO_CHOICE,
    "NetworkPolicy.spec.policyTypes": NO_FIELD,
    "PodDisruptionBudget.spec.maxUnavailable": "`podDisruptionBudget`",
    "PodDisruptionBudget.spec.selector": NO_CHOICE,
    "PodDisruptionBudget.spec.unhealthyPodEvictionPolicy": NO_FIELD,
    "Secret.data": NO_FIELD,
    "Secret.type": NO_FIELD,
    "Service.spec.ports": "`ports`",
    "Service.spec.selector": NO_CHOICE,
    "Service.spec.type": SCHEMA,
    "ServiceAccount.automountServiceAccountToken": NO_FIELD,
}


def generated(of: Context) -> set[str]:
    """The fields of every child, of its pods and of their first container."""
    fields = set()
    for child in children(of):
        spec = dict((child.body or {}).get("spec", {}))
        pod_spec = dict(spec.pop("template", {}).get("spec", {}))
        first, *_ = pod_spec.pop("containers", [{}])
        bare = {key: 0 for key in child.body or {} if key not in ("apiVersion", "kind", "metadata", "spec")}
        for part, holder in (("", bare), (".spec", spec), (".pod", pod_spec), (".container", first)):
            fields |= {f"{child.kind}{part}.{key}" for key in holder}
    return fields


def test_every_generated_field_is_on_the_page() -> None:
    minimal = generated(context({}))
    more = generated(context({"autoscaling": {"maxReplicas": 3}, "databases": [MIGRATING]}, **KNOWN))
    assert minimal | more == set(GENERATED), "add the field to GENERATED, and to the page if a spec can declare it"
    assert set(GENERATED.values()) <= {*ROWS, NO_FIELD, REQUIRED, NO_CHOICE, SCHEMA}


def test_what_is_called_a_default_of_the_schema_is_one() -> None:
    schema = crds()["microservices.yaml"]["spec"]["versions"][0]["schema"]["openAPIV3Schema"]["properties"]["spec"]
    assert {"spec.terminationGracePeriodSeconds", "spec.service.type"} <= set(defaults(schema, "spec"))


def test_the_spec_has_no_field_for_what_is_said_to_have_none() -> None:
    names = {field.rpartition(".")[2] for field, why in GENERATED.items() if why == NO_FIELD}
    declared = {field.alias or name for name, field in MicroserviceSpec.model_fields.items()}
    assert names & declared == set()


# Fields whose default protects data.
KEEPS_DATA = {
    *("spec.databases[].deletionPolicy", "spec.tables[].deletionPolicy", "spec.queues[].deletionPolicy"),
    *("spec.tables[].deletionProtection", "spec.tables[].pointInTimeRecovery"),
}


def defaults(node: dict[str, Any], path: str) -> dict[str, Any]:
    """Return every default of a schema by its path."""
    paths = {path: node["default"]} if "default" in node else {}
    for name, inner in node.get("properties", {}).items():
        paths |= defaults(inner, f"{path}.{name}")
    for key in ("items", "additionalProperties"):
        if isinstance(node.get(key), dict):
            paths |= defaults(node[key], f"{path}[]")
    return paths


def test_no_default_of_the_schema_loses_data() -> None:
    schema = crds()["microservices.yaml"]["spec"]["versions"][0]["schema"]["openAPIV3Schema"]["properties"]["spec"]
    schema_defaults = defaults(schema, "spec")
    assert {path for path in KEEPS_DATA if schema_defaults[path] not in ("Retain", True)} == set()
    lossy = {path for path, value in schema_defaults.items() if value in ("Delete", "Snapshot")}
    assert lossy == {"spec.topics[].deletionPolicy"}, "a topic keeps no messages"
