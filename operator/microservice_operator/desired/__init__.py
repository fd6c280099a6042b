"""PURE: what is known of a Microservice → the Kubernetes objects that it should have.

`children` is the list, in the order in which they are read best; each builder is a noun in a file of its own:

    service_account       identity of the pods
    connection_secret     how to reach a database, for the service and for the schema's owner
    network_policy        who may call whom
    migration_job         the schema first
    service               the address
    deployment            the pods: pod, container, variables, volumes, probes, security, scheduling
    autoscaler            their number
    disruption_budget     how many may be away
    service_monitor       what Prometheus reads

`context` is what goes in, `metadata` what all of them carry, `waits` what keeps one from being written yet.
"""

from .connection_secret import connection_secrets
from .context import Child, Context
from .deployment import deployment
from .migration_job import migration_jobs
from .service import service
from .service_account import service_account

__all__ = ["Child", "Context", "children"]


def children(context: Context) -> tuple[Child, ...]:
    """Every object that the Microservice should have, also those that are held."""
    return (
        service_account(context),
        *connection_secrets(context),
        *migration_jobs(context),
        service(context),
        deployment(context),
    )
