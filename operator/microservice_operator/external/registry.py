"""All sorts of parts outside the cluster; a new one is one more entry here."""

from collections.abc import Callable

from .clients import Doors
from .databases import databases
from .identity import identity
from .messaging import dead_letter_queues, queues, topics
from .rds_instances import instances
from .resource_type import Sort
from .routes import routes
from .subscriptions import subscriptions
from .tables import tables

REGISTRY: tuple[Callable[[Doors], Sort], ...] = (
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
