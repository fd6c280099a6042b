"""Connections to PostgreSQL servers as their admin: few, short, and never less encrypted than the Environment says."""

from dataclasses import dataclass

from ..connections import Login


@dataclass(frozen=True)
class Server:
    """A PostgreSQL server that exists already; `certificates` is the PEM bundle of its CA, empty if none."""

    host: str
    port: int
    ssl_mode: str
    admin: Login
    certificates: str = ""


class Servers:
    """Bounds how many admin connections are open to each server at a time; one for the whole process."""

    def __init__(self, connections: int = 4) -> None:
        """Allow `connections` at a time to each server."""
        self._connections = connections
