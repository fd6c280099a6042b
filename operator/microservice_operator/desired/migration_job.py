"""Builds the Job that migrates a database's schema for the new image, before the pods of that image start.

A Job's template is immutable, so its name contains a hash of what it runs, and it is created once. It stays after it
has finished, and shows that this image has migrated. So neither a rollback to this image nor another variable, timeout
or limit runs it again. A failed Job runs again when any of its fields changes, because its desired hash covers all of
them (`workload.mended_migrations`). Two Jobs never run at once.
"""

from dataclasses import replace
from typing import Any

from .. import names
from ..api.stores import Database, seconds
from .connection_secret import owner_secret_name
from .container import image_fields, present
from .context import Child, Context
from .image import version_label
from .metadata import child, labels
from .pod import pod_fields
from .prerequisites import connection_wait, database_wait, migration_job_name, migration_turn
from .scheduling import placement
from .variables import migration_variables
from .volumes import mounts, volumes

RETRIES = 3


def migration_jobs(context: Context) -> tuple[Child, ...]:
    """Build one Job for each database that declares a migration."""
    return tuple(
        _job(context, database) for database in context.microservice.spec.databases or [] if database.migration
    )


def _job(context: Context, database: Database) -> Child:
    name = migration_job_name(context, database)
    if held := connection_wait(context, database):
        return Child("Job", name, None, held, once=True)
    version = {names.LABEL_VERSION: version_label(context.microservice.spec.image)}
    spec = {
        "backoffLimit": RETRIES,
        "activeDeadlineSeconds": seconds(database.migration.timeout) if database.migration else None,
        "template": {"metadata": {"labels": _pod_labels(context) | version}, "spec": _pod(context, database)},
    }
    made = child(context, "Job", name, {"metadata": {"labels": version}, "spec": present(spec)})
    return replace(made, held=database_wait(context, database) or migration_turn(context, name), once=True)


def _pod_labels(context: Context) -> dict[str, str]:
    """Return the pod labels, without those by which the Service, the Deployment and the budget select."""
    microservice = context.microservice.name
    own = {k: v for k, v in labels(context).items() if k not in names.selector_labels(microservice)}
    return own | {names.LABEL_MIGRATION: microservice}


def _pod(context: Context, database: Database) -> dict[str, Any]:
    """Build the pod, without the volumes of the spec.

    With a volume that is attached to a single node, the Job would wait for the old pods.
    """
    migration = database.migration
    container = {
        "name": "migration",
        **image_fields(context),
        "command": migration.command if migration else None,
        "args": migration.args if migration else None,
        "env": migration_variables(context, database),
        "volumeMounts": mounts(context),
    }
    return present(
        {
            **pod_fields(context),
            "restartPolicy": "Never",
            **placement(context.microservice.spec),
            "volumes": volumes(context, {database.name: owner_secret_name(context.microservice, database)}),
            "containers": [present(container)],
        }
    )
