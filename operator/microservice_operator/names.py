"""Every name that crosses a boundary: labels, annotations, tags, finalizer, children, variables.

Kept in one place because a name is a promise: changing one orphans what carries the old one.
"""

import hashlib
import re
from collections.abc import Collection

GROUP = "microservice-operator.dev"
VERSION = "v1alpha1"
API_VERSION = f"{GROUP}/{VERSION}"
FIELD_MANAGER = "microservice-operator"
OPERATOR_NAMESPACE = "microservice-operator-system"  # where manifests/base puts it
FINALIZER = f"{GROUP}/finalizer"

# Labels that Kubernetes recommends, plus ours.
LABEL_NAME = "app.kubernetes.io/name"
LABEL_INSTANCE = "app.kubernetes.io/instance"
LABEL_VERSION = "app.kubernetes.io/version"
LABEL_MANAGED_BY = "app.kubernetes.io/managed-by"
MANAGED_BY = "microservice-operator"
LABEL_MICROSERVICE = f"{GROUP}/microservice"
LABEL_ENVIRONMENT = f"{GROUP}/environment"
# On the pods of a migration Job instead of the selector labels: no Service, Deployment or budget may count them.
LABEL_MIGRATION = f"{GROUP}/migration"

# Annotations on our children.
ANNOTATION_HASH = f"{GROUP}/desired-hash"
ANNOTATION_CONNECTION_HASH = f"{GROUP}/connection-hash"
ANNOTATION_DATA_HASH = f"{GROUP}/data-hash"
ANNOTATION_ROLE = "eks.amazonaws.com/role-arn"

# Annotations that people set on a Microservice or Environment.
ANNOTATION_RECONCILE = f"{GROUP}/reconcile-requested-at"
ANNOTATION_ABANDON = f"{GROUP}/abandon"
ANNOTATION_RECREATE = f"{GROUP}/recreate"
ANNOTATION_DEFAULT_ENVIRONMENT = f"{GROUP}/default"
ANNOTATION_ADOPT = f"{GROUP}/adopt"
ANNOTATION_DELETE_ADOPTED = f"{GROUP}/delete-adopted"

# AWS tags.
TAG_CLUSTER = f"{GROUP}/cluster"
TAG_NAMESPACE = f"{GROUP}/namespace"
TAG_NAME = f"{GROUP}/name"
TAG_UID = f"{GROUP}/uid"
TAG_ENVIRONMENT = f"{GROUP}/environment"  # of what the Microservices of an Environment share
TAG_RETAINED = f"{GROUP}/retained"
TAG_ADOPTED = f"{GROUP}/adopted"  # it was there before its Microservice: consent to take it over is none to delete it
TAG_DECLARED = f"{GROUP}/declared-tags"


def selector_labels(name: str) -> dict[str, str]:
    """Labels that select the pods of one Microservice; they never change, for a Deployment's selector is immutable."""
    return {LABEL_NAME: name, LABEL_INSTANCE: name}


def short_hash(*parts: str, length: int = 8) -> str:
    """Lower-case hexadecimal digest of `parts`; ("a", "bc") and ("ab", "c") differ."""
    joined = "\0".join(parts).encode()
    return hashlib.sha256(joined).hexdigest()[:length]


def bounded(prefix: str, suffix: str, limit: int) -> str:
    """`prefix-suffix` cut to `limit` characters by shortening the prefix."""
    room = limit - len(suffix) - 1
    return f"{prefix[:room].rstrip('-._')}-{suffix}"


def migration_job(microservice: str, digest: str) -> str:
    """Name of the Job that migrates for one image and command, told apart by `digest`."""
    return bounded(microservice, f"migrate-{digest}", 63)


def migration_policy(microservice: str) -> str:
    """Name of the NetworkPolicy of migration pods; a dot, which no Microservice's name has, keeps it from colliding."""
    return f"{microservice}.migration"


def database_secrets(
    microservice: str, database: str, connection: str | None = None, there: Collection[str] = ()
) -> tuple[str, str]:
    """Names of a database's Secrets: the service's own, and the schema owner's, which only the migration Job sees.

    Joined by hyphens, database `b-c` of `a` and `c` of `a-b` would have one name. So a database with a hyphen has a dot
    before it, which no Microservice's name has, and so has the owner's where the other one is named by the author.
    Those that are `there` from before this rule keep their names, for pods know them.
    """

    def named(suffix: str, *, dotted: bool) -> str:
        plain = f"{microservice}-{database}-{suffix}"
        return f"{microservice}.{database}-{suffix}" if dotted and plain not in there else plain

    runtime = connection or named("database", dotted="-" in database)
    return runtime, named("database-owner", dotted="-" in database or connection is not None)


def recreate(name: str) -> str:
    """What a person may do about a lost part: each value of the annotation permits one new start."""
    return (
        f"annotate the Microservice with {ANNOTATION_RECREATE}={name} to start with an empty one ({name}/2, {name}/3 "
        "and so on if that was said for an earlier loss)"
    )


def variable(name: str, suffix: str) -> str:
    """`order-created`, `TOPIC_ARN` → `ORDER_CREATED_TOPIC_ARN`."""
    return re.sub(r"[^A-Z0-9]+", "_", name.upper()) + f"_{suffix}"


def cloud_name(parts: tuple[str, str, str, str], limit: int, separator: str = "-") -> str:
    """Deterministic AWS or PostgreSQL name for (cluster id, namespace, microservice, part).

    A readable prefix and a hash of all four, so that two that collide when joined still differ.
    """
    readable = separator.join(part.replace("-", separator) for part in parts[1:])
    suffix = short_hash(*parts)
    return f"{readable[: limit - len(suffix) - 1].rstrip(separator)}{separator}{suffix}"
