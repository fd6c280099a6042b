"""Builds the pod template of the service.

The template contains neither the operator's version nor other facts of the operator itself: otherwise an upgrade of the
operator would roll all pods of the cluster.
"""

from typing import Any

from .. import names
from .connection_secret import connection_hash, rotations, runtime_secret_name
from .container import init_containers, main_container, present
from .context import Context
from .image import version_label
from .metadata import labels
from .scheduling import scheduling
from .security import pod_security
from .volumes import overlaid, volumes


def pod_template(context: Context) -> dict[str, Any]:
    """Build the template.

    Pods read the connection Secret only at their start, so the hash of the connection rolls them when it changes.
    """
    spec = context.microservice.spec
    connection = connection_hash(context)
    metadata = {
        "labels": labels(context) | (spec.pod_labels or {}) | {names.LABEL_VERSION: version_label(spec.image)},
        "annotations": (spec.pod_annotations or {})
        | ({names.ANNOTATION_CONNECTION_HASH: connection} if connection else {})
        | rotations(context),
    }
    databases = spec.databases or []
    secrets = {database.name: runtime_secret_name(context.microservice, database) for database in databases}
    pod = {
        **pod_fields(context),
        "terminationGracePeriodSeconds": spec.termination_grace_period_seconds,
        **scheduling(context),
        "volumes": overlaid(volumes(context, secrets), spec.volumes, "name"),
        "initContainers": init_containers(context),
        "containers": [main_container(context)],
    }
    return {"metadata": present(metadata), "spec": present(pod)}


def pod_fields(context: Context) -> dict[str, Any]:
    """Build the fields that the service's pods and a migration's pod have in common."""
    spec = context.microservice.spec
    return {
        "serviceAccountName": context.microservice.name,
        "automountServiceAccountToken": False,
        # Variables for every Service of the namespace could shadow declared ones.
        "enableServiceLinks": False,
        "imagePullSecrets": [secret.manifest() for secret in spec.image_pull_secrets or []],
        "securityContext": pod_security(spec.pod_security_context),
        "runtimeClassName": spec.runtime_class_name,
        "dnsConfig": spec.dns_config.manifest() if spec.dns_config else None,
        "hostAliases": [alias.manifest() for alias in spec.host_aliases or []],
    }
