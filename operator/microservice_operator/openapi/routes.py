"""PURE: defines the routes that a document declares for an API gateway."""

import re
from dataclasses import dataclass
from enum import StrEnum


class Checks(StrEnum):
    """What a gateway checks in a request, according to `spec.api.auth`."""

    TOKENS = "tokens"
    NOTHING = "nothing"  # declared: the service itself checks its requests
    UNSAID = "unsaid"


@dataclass(frozen=True)
class Settings:
    """What a Microservice declares in addition to its document; `base_path` is Prepend, Ignore or `None`."""

    checks: Checks = Checks.TOKENS
    base_path: str | None = None


@dataclass(frozen=True)
class Route:
    """One operation, such as `GET /users/{userId}`.

    If `public`, it needs no token; otherwise it needs one with any of the scopes, or any token if there are none.
    """

    key: str
    public: bool = False
    scopes: tuple[str, ...] = ()

    @property
    def shape(self) -> str:
        """The key without the names of parameters; two routes of the same shape would match the same requests."""
        return shape(self.key)

    @property
    def callers(self) -> str:
        """Describe briefly who may call the route."""
        if self.public:
            return "public"
        return f"a token with scope {' or '.join(self.scopes)}" if self.scopes else "any token"


def shape(key: str) -> str:
    """Remove the names of parameters: `GET /users/{userId}` → `GET /users/{}`; a greedy parameter stays greedy."""
    return re.sub(r"\{[^}+]*(\+?)\}", r"{\1}", key)


def unclear(one: Route, other: Route) -> bool:
    """Return whether some requests match both routes and neither is more specific.

    API Gateway may then choose either.
    """
    (method, path), (other_method, other_path) = one.shape.split(" ", 1), other.shape.split(" ", 1)
    mine, theirs = path.split("/"), other_path.split("/")
    if method != other_method or len(mine) != len(theirs) or path.endswith("+}") != other_path.endswith("+}"):
        return False
    differing = [(a.startswith("{"), b.startswith("{")) for a, b in zip(mine, theirs, strict=True) if a != b]
    return (True, False) in differing and (False, True) in differing and (False, False) not in differing
