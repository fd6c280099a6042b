"""Builds the metadata of every child: name, namespace, labels, owner reference and the desired hash."""

from typing import Any

from .. import names
from ..api.tags import tag_labels
from .context import Child, Context
from .hashing import hashed

API_VERSIONS = {
    "ServiceAccount": "v1",
    "Secret": "v1",
    "Service": "v1",
    "Deployment": "apps/v1",
    "Job": "batch/v1",
    "CronJob": "batch/v1",
    "PodDisruptionBudget": "policy/v1",
    "HorizontalPodAutoscaler": "autoscaling/v2",
    "NetworkPolicy": "networking.k8s.io/v1",
    "ServiceMonitor": "monitoring.coreos.com/v1",
}


def child(context: Context, kind: str, name: str, fields: dict[str, Any]) -> Child:
    """Build a child of a kind; labels and annotations under `fields["metadata"]` are added to the common ones."""
    own = fields.get("metadata", {})
    body = {
        "apiVersion": API_VERSIONS[kind],
        "kind": kind,
        "metadata": {
            "name": name,
            "namespace": context.microservice.namespace,
            "labels": labels(context) | own.get("labels", {}),
            "annotations": own.get("annotations", {}),
            "ownerReferences": [_owner(context)],
        },
        **{key: value for key, value in fields.items() if key != "metadata"},
    }
    return Child(kind, name, hashed(body))


def labels(context: Context) -> dict[str, str]:
    """Return the labels of every child.

    They omit the version: with it, a new image would need a write to every child instead of one.
    """
    name = context.microservice.name
    environment = {names.LABEL_ENVIRONMENT: context.environment.name} if context.environment else {}
    return {
        **tag_labels(context.microservice.spec.tags or {}),
        **names.selector_labels(name),
        names.LABEL_MANAGED_BY: names.MANAGED_BY,
        names.LABEL_MICROSERVICE: name,
        **environment,
    }


def _owner(context: Context) -> dict[str, Any]:
    identity = context.microservice.identity
    return {
        "apiVersion": names.API_VERSION,
        "kind": "Microservice",
        "name": identity.name,
        "uid": identity.uid,
        "controller": True,
        "blockOwnerDeletion": True,
    }
