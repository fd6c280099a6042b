"""All sorts of parts outside the cluster; a new one is one more entry here."""

from collections.abc import Callable

from .databases import databases
from .doors import Doors
from .identity import identity
from .instances import instances
from .messaging import dead_letter_queues, queues, topics
from .routes import routes
from .sorts import Sort
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
