"""All sorts of parts outside the cluster; a new one is one more entry here."""

from collections.abc import Callable

from .clients import ExternalClients
from .databases import databases
from .identity import identity
from .messaging import dead_letter_queues, queues, topics
from .rds_instances import instances
from .resource_type import ResourceType
from .routes import routes
from .subscriptions import subscriptions
from .tables import tables

REGISTRY: tuple[Callable[[ExternalClients], ResourceType], ...] = (
    instances,
    databases,
    identity,
    tables,
    topics,
    dead_letter_queues,
    queues,
    subscriptions,
    routes,
)
