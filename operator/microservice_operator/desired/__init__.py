"""PURE: what is known of a Microservice → the Kubernetes objects that it should have.

`children` is the list; each builder is a noun in a file of its own:

    service_account       identity of the pods
    connection_secret     how to reach a database, for the service and for the schema's owner
    network_policy        who may call whom: egress, peers
    migration_job         the schema first
    service               the address
    deployment            the pods: pod, container, variables, volumes, probes, security, scheduling
    autoscaler            their number
    disruption_budget     how many may be away
    service_monitor       what Prometheus reads

`context` is what goes in, `metadata` what all of them carry, `waits` what keeps one from being written yet.
"""

from .autoscaler import autoscalers
from .connection_secret import connection_secrets
from .context import Child, Context
from .deployment import deployment
from .disruption_budget import disruption_budgets
from .migration_job import migration_jobs
from .network_policy import network_policies
from .service import service
from .service_account import service_account
from .service_monitor import service_monitors

__all__ = ["Child", "Context", "children"]


def children(context: Context) -> tuple[Child, ...]:
    """Every object that the Microservice should have, also those that are held."""
    return (
        service_account(context),
        *network_policies(context),
        *connection_secrets(context),
        *migration_jobs(context),
        service(context),
        deployment(context),
        *autoscalers(context),
        *disruption_budgets(context),
        *service_monitors(context),
    )
