"""Every type of external resource. A new type is one more entry here."""

from collections.abc import Callable

from .clients import ExternalClients
from .databases import Databases
from .identity import Roles
from .messaging import DeadLetterQueues, Queues, Topics
from .rds_instances import RDSInstances
from .resource import ExternalResource
from .routes import Routes
from .subscriptions import Subscriptions
from .tables import Tables

Registry = tuple[Callable[[ExternalClients], ExternalResource], ...]
REGISTRY: Registry = (
    RDSInstances,
    Databases,
    Roles,
    Tables,
    Topics,
    DeadLetterQueues,
    Queues,
    Subscriptions,
    Routes,
)
