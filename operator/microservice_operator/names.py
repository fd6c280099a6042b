"""All names that other systems see: labels, annotations, tags, finalizer, children, variables.

They are in one place because a name is a promise: changing one orphans the objects that have the old one.
"""

import hashlib
import re
from collections.abc import Collection

GROUP = "microservice-operator.dev"
VERSION = "v1alpha1"
API_VERSION = f"{GROUP}/{VERSION}"
FIELD_MANAGER = "microservice-operator"
OPERATOR_NAMESPACE = "microservice-operator-system"  # as in manifests/base
FINALIZER = f"{GROUP}/finalizer"

# Labels that Kubernetes recommends, plus ours.
LABEL_NAME = "app.kubernetes.io/name"
LABEL_INSTANCE = "app.kubernetes.io/instance"
LABEL_VERSION = "app.kubernetes.io/version"
LABEL_MANAGED_BY = "app.kubernetes.io/managed-by"
MANAGED_BY = "microservice-operator"
SELECTOR = f"{LABEL_MANAGED_BY}={MANAGED_BY}"  # of everything that we create
LABEL_MICROSERVICE = f"{GROUP}/microservice"
LABEL_ENVIRONMENT = f"{GROUP}/environment"
# On the pods of a migration Job instead of the selector labels: no Service, Deployment or budget may count them.
LABEL_MIGRATION = f"{GROUP}/migration"
# Name of a scheduled job, on its CronJob, Jobs and pods; the pods lack the selector labels for the same reason.
LABEL_JOB = f"{GROUP}/job"
CRON_JOB_NAME_LIMIT = 52  # Kubernetes appends eleven characters to name a run

# Annotations on our children.
ANNOTATION_HASH = f"{GROUP}/desired-hash"
ANNOTATION_CONNECTION_HASH = f"{GROUP}/connection-hash"
ANNOTATION_DATA_HASH = f"{GROUP}/data-hash"
ANNOTATION_ROLE = "eks.amazonaws.com/role-arn"
ANNOTATION_ROTATED_AT = f"{GROUP}/rotated-at"
ANNOTATION_ROTATION_REQUEST = f"{GROUP}/rotation-request"

# Annotations that people set on a Microservice or Environment.
ANNOTATION_RECONCILE = f"{GROUP}/reconcile-requested-at"
ANNOTATION_ROTATE = f"{GROUP}/rotate-requested-at"
ANNOTATION_ABANDON = f"{GROUP}/abandon"
ANNOTATION_RECREATE = f"{GROUP}/recreate"
ANNOTATION_DEFAULT_ENVIRONMENT = f"{GROUP}/default"
ANNOTATION_ADOPT = f"{GROUP}/adopt"
ANNOTATION_DELETE_ADOPTED = f"{GROUP}/delete-adopted"
ANNOTATION_RESTORE = f"{GROUP}/restore"

# AWS tags.
TAG_CLUSTER = f"{GROUP}/cluster"
TAG_NAMESPACE = f"{GROUP}/namespace"
TAG_NAME = f"{GROUP}/name"
TAG_UID = f"{GROUP}/uid"
TAG_ENVIRONMENT = f"{GROUP}/environment"  # on resources that the Microservices of an Environment share
TAG_RETAINED = f"{GROUP}/retained"
TAG_ADOPTED = f"{GROUP}/adopted"  # it existed before its Microservice: consent to adopt it is not consent to delete it
TAG_DECLARED = f"{GROUP}/declared-tags"


def selector_labels(name: str) -> dict[str, str]:
    """Return the labels that select the pods of one Microservice; a Deployment's selector is immutable."""
    return {LABEL_NAME: name, LABEL_INSTANCE: name}


def pods_of(name: str) -> str:
    """Return the label selector of all pods of one Microservice, also those of its migrations."""
    return f"{SELECTOR},{LABEL_MICROSERVICE}={name}"


def short_hash(*parts: str, length: int = 8) -> str:
    """Return a lower-case hexadecimal digest of `parts`; ("a", "bc") and ("ab", "c") differ."""
    joined = "\0".join(parts).encode()
    return hashlib.sha256(joined).hexdigest()[:length]


def bounded(prefix: str, suffix: str, limit: int) -> str:
    """Return `prefix-suffix`, shortened to `limit` characters by cutting the prefix."""
    room = limit - len(suffix) - 1
    return f"{prefix[:room].rstrip('-._')}-{suffix}"


def migration_job(microservice: str, digest: str) -> str:
    """Return the name of the Job that migrates for one image and command; `digest` identifies them."""
    return bounded(microservice, f"migrate-{digest}", 63)


def migration_policy(microservice: str) -> str:
    """Return the name of the NetworkPolicy of migration pods; its dot, which no Microservice has, avoids collisions."""
    return f"{microservice}.migration"


def cron_job(microservice: str, job: str) -> str:
    """Return the name of a job's CronJob.

    A job with a hyphen has two of them before it, which no declared name has: joined by one, job `b-c` of `a` and job
    `c` of `a-b` would have the same name. If the name is too long, a hash of both replaces its end.
    """
    name = f"{microservice}{'--' if '-' in job else '-'}{job}"
    fits = len(name) <= CRON_JOB_NAME_LIMIT
    return name if fits else bounded(name, short_hash(microservice, job), CRON_JOB_NAME_LIMIT)


def jobs_policy(microservice: str) -> str:
    """Return the name of the NetworkPolicy of the pods of scheduled jobs; its dot avoids collisions."""
    return f"{microservice}.jobs"


def database_secrets(
    microservice: str, database: str, connection: str | None = None, there: Collection[str] = ()
) -> tuple[str, str]:
    """Return the names of a database's Secrets: the service's, and the schema owner's, for the migration Job only.

    Joined by hyphens, database `b-c` of `a` and `c` of `a-b` would have the same name. So a database with a hyphen has
    a dot before it, which no Microservice's name has. The owner's Secret also has it if the author names the other one.
    Secrets in `there`, from before this rule, keep their names, because pods use them.
    """

    def named(suffix: str, *, dotted: bool) -> str:
        plain = f"{microservice}-{database}-{suffix}"
        return f"{microservice}.{database}-{suffix}" if dotted and plain not in there else plain

    runtime = connection or named("database", dotted="-" in database)
    return runtime, named("database-owner", dotted="-" in database or connection is not None)


def recreate(name: str) -> str:
    """Say how a person allows a lost resource to be recreated; each value of the annotation allows it once."""
    return _annotate_recreate(name, "to start with an empty one ")


def restore(name: str) -> str:
    """Say how a person allows a lost resource to be restored as its spec says."""
    return _annotate_recreate(name)


def _annotate_recreate(name: str, purpose: str = "") -> str:
    return (
        f"annotate the Microservice with {ANNOTATION_RECREATE}={name} {purpose}({name}/2, {name}/3 and so on if that "
        "value was used for an earlier loss)"
    )


def rotated_at(database: str) -> str:
    """Return the annotation of pods that says with which rotation of a database's passwords they started."""
    return f"{ANNOTATION_ROTATED_AT}.{database}"


def variable(name: str, suffix: str) -> str:
    """Build the name of a variable: `order-created`, `TOPIC_ARN` → `ORDER_CREATED_TOPIC_ARN`."""
    return re.sub(r"[^A-Z0-9]+", "_", name.upper()) + f"_{suffix}"


def cloud_name(parts: tuple[str, str, str, str], limit: int, separator: str = "-") -> str:
    """Return a deterministic AWS or PostgreSQL name for (cluster id, namespace, microservice, part).

    It has a readable prefix and a hash of all four, so that names differ even if their joined parts are equal.
    """
    readable = separator.join(part.replace("-", separator) for part in parts[1:])
    suffix = short_hash(*parts)
    return f"{readable[: limit - len(suffix) - 1].rstrip(separator)}{separator}{suffix}"
