"""Starts what `make demo` starts, with the same functions: node, images, support, operator, shop."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from tests.tools.cluster import Cluster, Image, images, up
from tests.tools.cluster.cluster import known
from tests.tools.demo import rendering
from tests.tools.demo.applying import SHOP_FOLDER, apply_all
from tests.tools.demo.kubectl import Kubectl, Object
from tests.tools.demo.reach import reach
from tests.tools.demo.standing import standing

from .diagnosis import diagnosis
from .waiting import eventually

IMAGES = ("aws", "postgres", "operator", "user", "product", "order", "gateway")
SERVICES = {
    "aws": ("local-aws", "aws"),
    "postgres": ("local-aws", "postgres"),
    "user": ("shop", "user"),
    "product": ("shop", "product"),
    "order": ("shop", "order"),
    "gateway": ("shop", "gateway"),
}
SYSTEM = "microservice-operator-system"
OPERATOR = "microservice-operator"
OPERATOR_PODS = f"--selector=app.kubernetes.io/name={OPERATOR}"  # the one that works and the one that waits
SHOP = "shop"
SUPPORT = "local-aws"


@dataclass(frozen=True)
class Stage:
    """The node with everything on it; `urls` are those of the Services, for programs on this machine."""

    cluster: Cluster
    kubectl: Kubectl
    images: Mapping[str, Image]
    urls: Mapping[str, str]
    folder: Path


def stage(name: str, folder: Path) -> Stage:
    """Bring everything up on the cluster of this name; what is up already is left as it is."""
    cluster = up(name)
    kubectl = Kubectl(cluster.kubeconfig)
    built = images(IMAGES)
    cluster.load_images([image.archive for image in built.values()])
    apply_all(kubectl, [image.ref for image in built.values()])
    eventually(
        "AWS emulator, PostgreSQL, operator and shop are ready",
        lambda: all(row.up for row in standing(kubectl)),
        lambda: "\n".join(
            [*map(str, standing(kubectl)), *(diagnosis(kubectl, where) for where in (SHOP, SUPPORT, SYSTEM))]
        ),
        seconds=400,
    )
    return Stage(cluster, kubectl, built, reach(kubectl, known(name), SERVICES, folder), folder)


def shop_service(stage: Stage, name: str) -> Object:
    """A Microservice of the shop as it was applied."""
    objects = rendering.rendered(SHOP_FOLDER, [image.ref for image in stage.images.values()])
    return next(item for item in objects if (item["kind"], item["metadata"]["name"]) == ("Microservice", name))
