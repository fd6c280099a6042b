"""PURE: builds the desired Kubernetes objects of a Microservice.

`children` lists them; each builder has its own file:

    service_account       identity of the pods
    connection_secret     connection data of a database, for the service and for the schema's owner
    network_policy        allowed traffic: network_egress, network_peers
    migration_job         migrates the schema before the rollout
    service               the stable address, if there are ports
    deployment            the pods: pod, container, variables, volumes, probes, security, scheduling
    cron_job              the scheduled jobs
    autoscaler            the number of pods
    disruption_budget     how many pods may be evicted at once
    service_monitor       what Prometheus scrapes

`context` is their input, `metadata` their common metadata, `prerequisites` says why one is not written yet.
"""

from .autoscaler import autoscalers
from .connection_secret import connection_secrets
from .context import Child, Context
from .cron_job import cron_jobs
from .deployment import deployment
from .disruption_budget import disruption_budgets
from .migration_job import migration_jobs
from .network_policy import network_policies
from .service import services
from .service_account import service_account
from .service_monitor import service_monitors

__all__ = ["Child", "Context", "children"]


def children(context: Context) -> tuple[Child, ...]:
    """Build every desired object of the Microservice, including held ones."""
    return (
        service_account(context),
        *network_policies(context),
        *connection_secrets(context),
        *migration_jobs(context),
        *services(context),
        deployment(context),
        *cron_jobs(context),
        *autoscalers(context),
        *disruption_budgets(context),
        *service_monitors(context),
    )
