"""PURE: what a document asks a gateway for."""

import re
from dataclasses import dataclass
from enum import StrEnum


class Checks(StrEnum):
    """What a gateway checks of a request, as `spec.api.auth` says."""

    TOKENS = "tokens"
    NOTHING = "nothing"  # said so: the service checks for itself
    UNSAID = "unsaid"


@dataclass(frozen=True)
class Settings:
    """What a Microservice says beside its document: `base_path` is Prepend, Ignore or nothing."""

    checks: Checks = Checks.TOKENS
    base_path: str | None = None


@dataclass(frozen=True)
class Route:
    """One operation: `GET /users/{userId}`; `public` when no token is asked for, else one with any of the scopes."""

    key: str
    public: bool = False
    scopes: tuple[str, ...] = ()

    @property
    def shape(self) -> str:
        """The key without the parameters' names: two that agree in it would answer the same requests."""
        return shape(self.key)

    @property
    def callers(self) -> str:
        """Who may call it, in a few words."""
        if self.public:
            return "public"
        return f"a token with scope {' or '.join(self.scopes)}" if self.scopes else "any token"


def shape(key: str) -> str:
    """`GET /users/{userId}` → `GET /users/{}`; a greedy parameter stays one."""
    return re.sub(r"\{[^}+]*(\+?)\}", r"{\1}", key)


def unclear(one: Route, other: Route) -> bool:
    """Whether requests fit both and neither is more specific, so that API Gateway may choose either."""
    (method, path), (other_method, other_path) = one.shape.split(" ", 1), other.shape.split(" ", 1)
    mine, theirs = path.split("/"), other_path.split("/")
    if method != other_method or len(mine) != len(theirs) or path.endswith("+}") != other_path.endswith("+}"):
        return False
    differing = [(a.startswith("{"), b.startswith("{")) for a, b in zip(mine, theirs, strict=True) if a != b]
    return (True, False) in differing and (False, True) in differing and (False, False) not in differing
