"""How to reach a database: made by `postgres`, kept in a Secret, handed to the builders of `desired`.

On the layer of `facts`, because `postgres` and `desired` both speak of it and neither knows the other.
"""

from dataclasses import dataclass, field


@dataclass(frozen=True)
class Login:
    """One PostgreSQL role and its password."""

    username: str
    password: str = field(repr=False)


@dataclass(frozen=True)
class Connection:
    """How to reach one declared database; `certificates` is the PEM bundle of the server's CA, empty if none."""

    host: str
    port: int
    database: str
    ssl_mode: str
    runtime: Login
    owner: Login
    certificates: str = ""
