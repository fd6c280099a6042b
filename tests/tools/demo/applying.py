"""Applies `manifests/local` and the shop behind its gateway, in the order that the API server needs."""

from collections.abc import Iterable
from datetime import UTC, datetime

from . import rendering
from .kubectl import Kubectl
from .server_secrets import make_server_secrets

SHOP_FOLDER = "manifests/local/gateway"
FOLDERS = ("manifests/local", SHOP_FOLDER)


def apply_all(kubectl: Kubectl, references: Iterable[str]) -> None:
    """Apply both folders with these image references, and request a reconciliation of every Microservice."""
    named = list(references)
    objects = [item for folder in FOLDERS for item in rendering.rendered(folder, named)]
    kubectl.apply(rendering.first(objects))
    kubectl("wait", "--for=condition=Established", "crd", "--all", "--timeout=60s")
    make_server_secrets(kubectl)
    kubectl.apply(rendering.asking(rendering.rest(objects), datetime.now(UTC).isoformat()))
