"""Connection data of a database: created by `postgres`, stored in a Secret, used by the builders of `desired`.

It is on the layer of `facts`, because `postgres` and `desired` both use it and do not import each other.
"""

from dataclasses import dataclass, field


@dataclass(frozen=True)
class Rotated:
    """The rotation that a password is from: its RFC 3339 time, and the request that is carried out; "" for none."""

    at: str = ""
    request: str = ""


@dataclass(frozen=True)
class Login:
    """One PostgreSQL role and its password."""

    username: str
    password: str = field(repr=False)
    rotated: Rotated = Rotated()


@dataclass(frozen=True)
class Connection:
    """Connection data of one declared database; `certificates` is the PEM bundle of the server's CA, "" if none.

    `retiring` is the service's earlier login while it is still valid, "" if it is not.
    """

    host: str
    port: int
    database: str
    ssl_mode: str
    runtime: Login
    owner: Login
    certificates: str = ""
    retiring: str = ""
