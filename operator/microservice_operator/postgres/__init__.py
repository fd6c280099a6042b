"""PostgreSQL: databases, roles and rights on a server that exists already.

databases   what the walk calls
servers     connections as admin
passwords   made and compared here, never sent in clear text
"""

from .databases import (
    LeavingDatabase,
    Logins,
    Place,
    WantedDatabase,
    delete_database,
    reconcile_database,
)
from .servers import Server, Servers

__all__ = [
    "LeavingDatabase",
    "Logins",
    "Place",
    "Server",
    "Servers",
    "WantedDatabase",
    "delete_database",
    "reconcile_database",
]
