"""Builds the CronJobs: commands that run on a schedule in pods like the service's.

Such a pod has the service's image, variables, login, identity, volumes and other containers. It lacks ports, probes and
the labels by which the Service, the Deployment, its autoscaler and its budget select pods.
"""

from dataclasses import replace
from typing import Any

from .. import names
from ..api.jobs import ScheduledJob
from .connection_secret import rotations, runtime_secret_name
from .container import init_containers, job_container, present
from .context import Child, Context
from .image import version_label
from .metadata import child, labels
from .pod import pod_fields
from .prerequisites import facts_missing, rollout_wait
from .scheduling import placement
from .volumes import overlaid, volumes

SCHEDULE_FIELDS = (
    "schedule",
    "timeZone",
    "concurrencyPolicy",
    "startingDeadlineSeconds",
    "suspend",
    "successfulJobsHistoryLimit",
    "failedJobsHistoryLimit",
)
RUN_FIELDS = ("backoffLimit", "activeDeadlineSeconds")


def cron_jobs(context: Context) -> tuple[Child, ...]:
    """Build one CronJob for each scheduled job; they wait for what the service's pods wait for."""
    return tuple(_cron_job(context, job) for job in context.microservice.spec.jobs or [])


def _cron_job(context: Context, job: ScheduledJob) -> Child:
    name, held = names.cron_job(context.microservice.name, job.name), rollout_wait(context)
    if facts_missing(context):
        return Child("CronJob", name, None, held)
    declared = job.manifest()
    metadata = {"labels": _labels(context, job)}
    run = {field: declared.get(field) for field in RUN_FIELDS}
    spec = {
        **{field: declared.get(field) for field in SCHEDULE_FIELDS},
        "jobTemplate": {"metadata": metadata, "spec": present({**run, "template": _pod_template(context, job)})},
    }
    own = {names.LABEL_JOB: job.name, names.LABEL_VERSION: version_label(context.microservice.spec.image)}
    made = child(context, "CronJob", name, {"metadata": {"labels": own}, "spec": present(spec)})
    return replace(made, held=held)


def _labels(context: Context, job: ScheduledJob) -> dict[str, str]:
    """Return the labels of the Jobs and pods, without those by which the Service selects."""
    selected = names.selector_labels(context.microservice.name)
    own = {key: value for key, value in labels(context).items() if key not in selected}
    return own | {names.LABEL_JOB: job.name, names.LABEL_VERSION: version_label(context.microservice.spec.image)}


def _pod_template(context: Context, job: ScheduledJob) -> dict[str, Any]:
    """Build the pod; its annotation says with which rotation of the passwords it starts, so the old one stays valid."""
    spec = context.microservice.spec
    secrets = {database.name: runtime_secret_name(context.microservice, database) for database in spec.databases or []}
    pod = {
        **pod_fields(context),
        "restartPolicy": "Never",
        "terminationGracePeriodSeconds": spec.termination_grace_period_seconds,
        **placement(spec),
        "volumes": overlaid(volumes(context, secrets), spec.volumes, "name"),
        "initContainers": init_containers(context),
        "containers": [job_container(context, job)],
    }
    metadata = {"labels": _labels(context, job), "annotations": rotations(context)}
    return {"metadata": present(metadata), "spec": present(pod)}
