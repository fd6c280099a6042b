"""Generates passwords of database roles and their SCRAM verifiers; never sends a password in clear text.

The server receives a SCRAM verifier, so that no statement, and so no server log, contains a password (PostgreSQL,
"ALTER ROLE": the client's own encryption is preferred for that reason). The salt is derived from the role's name, so
that a verifier can be compared directly and its keys are known before a login. In RFC 5802 the server sets the number
of hash iterations, and a role may store any number for itself. libpq would run them all and block the process.
"""

import base64
import hashlib
import hmac
import re
import secrets
from dataclasses import dataclass, field

_ITERATIONS = 4096  # PostgreSQL's default; a generated password would need none
_GENERATED = re.compile(r"[A-Za-z0-9_-]{43}")


@dataclass(frozen=True)
class Proof:
    """Proof of a password: the verifier for the server, both keys for a login (libpq, scram_client_key)."""

    verifier: str = field(repr=False)
    client_key: str = field(repr=False)
    server_key: str = field(repr=False)


def password() -> str:
    """Generate a password: 43 characters that need no escaping in a URL."""
    return secrets.token_urlsafe(32)


def is_generated(clear: str) -> bool:
    """Whether `password` may have generated it: whoever may write Secrets may have stored any text of any length."""
    return bool(_GENERATED.fullmatch(clear))


def proof(role: str, clear: str) -> Proof:
    """Return the deterministic proof of a generated password of this role. RFC 5802, section 3.

    SASLprep (RFC 4013) does not change ASCII characters, so this does not need it.
    """
    salt = hashlib.sha256(b"microservice-operator " + role.encode()).digest()[:16]
    salted = hashlib.pbkdf2_hmac("sha256", clear.encode("ascii"), salt, _ITERATIONS)
    client_key = hmac.digest(salted, b"Client Key", "sha256")
    server_key = hmac.digest(salted, b"Server Key", "sha256")
    stored_key = hashlib.sha256(client_key).digest()
    keys = f"{_base64(stored_key)}:{_base64(server_key)}"
    verifier = f"SCRAM-SHA-256${_ITERATIONS}:{_base64(salt)}${keys}"
    return Proof(verifier, _base64(client_key), _base64(server_key))


def _base64(key: bytes) -> str:
    return base64.b64encode(key).decode()
