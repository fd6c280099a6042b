"""A second copy of the shop, in the namespace and Environment of a test."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from microservice_operator import names
from tests.tools.cluster.cluster import known
from tests.tools.demo import rendering
from tests.tools.demo.kubectl import Object
from tests.tools.demo.reach import reach

from .place import GROUP, RESTRICTED, Place
from .stage import SHOP, SUPPORT, Stage

SERVICES = ("user", "product", "order")
KINDS = ("ConfigMap", "Microservice")


@contextmanager
def shop_copy(stage: Stage, namespace: str, environment: str) -> Iterator[Place]:
    """A namespace with the services, each with one pod; its end is waited for, and with it that of all they had."""
    place = Place(stage.kubectl, namespace)
    labels = {**RESTRICTED, f"{GROUP}/environment": environment}
    where = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": namespace, "labels": labels}}
    stage.kubectl.apply([where])
    rendered = rendering.rendered("manifests/local/gateway", [image.ref for image in stage.images.values()])
    keys = _reads_keys(namespace)
    try:
        stage.kubectl.apply([keys, *(_moved(item, namespace) for item in rendered if _is_service(item))])
        yield place
    finally:
        stage.kubectl("delete", "namespace", namespace, "--timeout=300s")
        stage.kubectl("delete", "networkpolicy", keys["metadata"]["name"], f"--namespace={SHOP}")


def addresses(stage: Stage, place: Place) -> dict[str, str]:
    """Addresses of its Services for this machine, and of the names that instances of RDS have."""
    services = {name: (place.namespace, name) for name in SERVICES}
    instances = {name: (SUPPORT, name) for name in ("rds-0", "rds-1", "rds-2", "rds-3")}
    folder = stage.folder / place.namespace
    folder.mkdir(exist_ok=True)
    reached = reach(stage.kubectl, known(stage.cluster.name), {**services, **instances}, folder)
    return {**reached, "gateway": stage.urls["gateway"]}  # it signs the tokens of both shops


def _reads_keys(namespace: str) -> Object:
    """A policy for the gateway: the copy's services read the keys of its tokens."""
    peer = {"namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": namespace}}}
    return {
        "apiVersion": "networking.k8s.io/v1",
        "kind": "NetworkPolicy",
        "metadata": {"name": f"{namespace}-reads-keys", "namespace": SHOP},
        "spec": {
            "podSelector": {"matchLabels": names.selector_labels("gateway")},
            "policyTypes": ["Ingress"],
            "ingress": [{"from": [peer], "ports": [{"port": 8080, "protocol": "TCP"}]}],
        },
    }


def _is_service(item: Object) -> bool:
    name = item["metadata"]["name"].removesuffix("-openapi")
    return item["kind"] in KINDS and name in SERVICES


def _moved(item: Object, namespace: str) -> Object:
    moved = {**item, "metadata": {"name": item["metadata"]["name"], "namespace": namespace}}
    return {**moved, "spec": _leaving_nothing(item["spec"])} if "spec" in item else moved


def _leaving_nothing(spec: Mapping[str, Any]) -> Object:
    """Everything that holds data is deleted with the copy."""
    going = {
        section: [{**part, "deletionPolicy": "Delete"} for part in spec[section]]
        for section in ("databases", "tables", "queues")
        if section in spec
    }
    return {**spec, **going, "replicas": 1}
