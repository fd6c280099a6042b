"""For every valid Microservice, the children are valid, have unique names and respect Kubernetes' limits."""

import re
from typing import Any

from hypothesis import HealthCheck, assume, settings
from hypothesis import given as generated
from hypothesis import strategies as st
from kubernetes_validate.utils import validate

from microservice_operator.api import parsing
from microservice_operator.desired import children
from microservice_operator.desired.context import Child, Connection, Context, Login, Table
from microservice_operator.errors import InvalidSpec
from tests.unit.desired.restricted import assert_restricted, pods

NAME = st.from_regex(r"[a-z](-?[a-z0-9]){0,19}", fullmatch=True)
LONGEST = st.just("a" * 40) | NAME
TAG = st.from_regex(r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}", fullmatch=True)
IMAGE = st.one_of(
    TAG.map(lambda tag: f"registry.example:5000/shop/x:{tag}"),
    st.just("x"),
    st.just("x@sha256:" + "a1" * 32),
)
PORT = st.integers(1, 65535)
LABEL_VALUE = re.compile(r"^([A-Za-z0-9]([-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?)?$")
NAME_LIMITS = {"Service": 63, "Job": 63}


def optional(**fields: st.SearchStrategy[Any]) -> st.SearchStrategy[dict[str, Any]]:
    """Objects that have any of these fields."""
    return st.fixed_dictionaries({}, optional=fields)


def keyed(item: st.SearchStrategy[dict[str, Any]], key: str = "name") -> st.SearchStrategy[list[dict[str, Any]]]:
    """Lists whose items differ in `key`."""
    return st.lists(item, max_size=3, unique_by=lambda found: found[key])


def named(**fields: st.SearchStrategy[Any]) -> st.SearchStrategy[dict[str, Any]]:
    """Objects with a name and any of these fields."""
    return st.fixed_dictionaries({"name": NAME}, optional=fields)


PROBE = st.one_of(
    st.just({"disabled": True}),
    optional(periodSeconds=st.integers(1, 60), httpGet=st.fixed_dictionaries({"path": st.just("/x")})),
    st.fixed_dictionaries({"tcpSocket": st.fixed_dictionaries({"port": PORT})}),
    st.fixed_dictionaries({"grpc": st.fixed_dictionaries({"port": PORT})}),
)
SECURITY = optional(
    runAsUser=st.integers(1, 65535),
    readOnlyRootFilesystem=st.booleans(),
    capabilities=st.just({"add": ["NET_BIND_SERVICE"], "drop": ["NET_RAW"]}),
)
PORTS = st.lists(
    st.fixed_dictionaries(
        {"name": st.from_regex(r"[a-z]{1,15}", fullmatch=True), "containerPort": PORT, "servicePort": PORT},
        optional={"protocol": st.sampled_from(["TCP", "UDP"])},
    ),
    max_size=3,
    unique_by=(lambda p: p["name"], lambda p: p["containerPort"], lambda p: p["servicePort"]),
)
COMPANION = st.fixed_dictionaries(
    {"name": NAME, "image": IMAGE},
    optional={"securityContext": SECURITY, "env": keyed(named(value=st.text(max_size=5)))},
)
DATABASE = named(
    migration=optional(timeout=st.sampled_from(["10m", "1h", "30s"])).map(lambda m: {"command": ["migrate"], **m}),
    connection=optional(secretName=NAME, envPrefix=st.sampled_from(["PG", "SERVICE", "TABLE"])),
)
DESTINATION = st.one_of(
    st.fixed_dictionaries({"host": st.just("api.example.com"), "ports": st.lists(PORT, min_size=1, max_size=3)}),
    st.fixed_dictionaries({"cidr": st.just("10.0.0.0/8"), "ports": st.lists(PORT, min_size=1, max_size=3)}),
)
SPEC = st.fixed_dictionaries(
    {"image": IMAGE},
    optional={
        "ports": PORTS,
        "service": optional(type=st.sampled_from(["ClusterIP", "NodePort", "LoadBalancer"])),
        "replicas": st.integers(0, 5),
        "autoscaling": st.integers(1, 3).map(lambda n: {"minReplicas": n, "maxReplicas": n + 1}),
        "env": keyed(named(value=st.text(max_size=5))),
        "initContainers": keyed(COMPANION),
        "sidecars": keyed(COMPANION),
        "livenessProbe": PROBE,
        "readinessProbe": PROBE,
        "startupProbe": PROBE,
        "terminationGracePeriodSeconds": st.integers(0, 60),
        "securityContext": SECURITY,
        "tags": st.dictionaries(NAME, NAME, max_size=3),
        "dependencies": keyed(named(optional=st.booleans())),
        "access": optional(
            **{"from": st.lists(NAME.map(lambda n: {"microservice": n}), max_size=3)},
            to=st.lists(DESTINATION, max_size=3),
        ),
        "databases": st.lists(DATABASE, max_size=1),
        "tables": keyed(named().map(lambda table: {**table, "partitionKey": {"name": "id"}})),
        "podDisruptionBudget": st.just({"minAvailable": 1}),
    },
)


@st.composite
def contexts(draw: st.DrawFn) -> Context:
    """Any valid Microservice, with all or nothing known of what it declares."""
    metadata = {"name": draw(LONGEST), "namespace": draw(NAME), "uid": "uid-1"}
    try:
        service = parsing.microservice({"metadata": metadata, "spec": draw(SPEC)})
    except InvalidSpec:
        assume(False)
        raise
    connected = draw(st.booleans())
    connection = Connection(
        "db", 5432, "x", "require", Login("a", "b"), Login("c", "d"), draw(st.sampled_from(["", "PEM"]))
    )
    return Context(
        service,
        connections={database.name: connection for database in service.spec.databases or [] if connected},
        tables={table.name: Table(table.name, ready=True) for table in service.spec.tables or [] if connected},
        aws_endpoint_url=draw(st.sampled_from([None, "http://moto.aws.svc:5000"])),
        service_monitors=True,
    )


def _unique(items: list[dict[str, Any]], *keys: str) -> None:
    keys_of_items = [tuple(item.get(key) for key in keys) for item in items]
    assert len(keys_of_items) == len(set(keys_of_items)), keys_of_items


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much])
@generated(context=contexts())
def test_children_of_any_valid_microservice(context: Context) -> None:
    built = children(context)
    assert len({(child.kind, child.name) for child in built}) == len(built)
    assert children(context) == built
    for child in built:
        assert len(child.name) <= NAME_LIMITS.get(child.kind, 253)
        assert child.held or child.body is not None
        if child.body is not None:
            _assert_valid(child)
    for pod in pods(built):
        assert_restricted(pod)
        _unique(pod["volumes"], "name")
        _unique([*pod.get("initContainers", []), *pod["containers"]], "name")
        for container in [*pod.get("initContainers", []), *pod["containers"]]:
            _unique(container.get("env", []), "name")
            _unique(container.get("volumeMounts", []), "mountPath")
            mounted = {mount["name"] for mount in container.get("volumeMounts", [])}
            assert mounted <= {volume["name"] for volume in pod["volumes"]}


def _assert_valid(child: Child) -> None:
    assert child.body is not None
    if child.kind != "ServiceMonitor":
        validate(child.body, "1.36", strict=True)
    template = child.body.get("spec", {}).get("template", {"metadata": {}})
    for labels in (child.body["metadata"]["labels"], template["metadata"].get("labels", {})):
        assert all(LABEL_VALUE.match(value) for value in labels.values()), labels
