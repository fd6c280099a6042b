"""All sorts of parts outside the cluster; a new one is one more entry here."""

from collections.abc import Callable

from .databases import databases
from .doors import Doors
from .identity import identity
from .instances import instances
from .routes import routes
from .sorts import Sort
from .tables import tables

REGISTRY: tuple[Callable[[Doors], Sort], ...] = (instances, databases, identity, tables, routes)
