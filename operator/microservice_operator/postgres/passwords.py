"""Generates passwords of database roles and their SCRAM verifiers; never sends a password in clear text.

The server receives a SCRAM verifier, so that no statement, and so no server log, contains a password (PostgreSQL,
"ALTER ROLE": the client's own encryption is preferred for that reason). The salt is derived from the role's name, so
that a verifier can be compared directly and its keys are known before a login. In RFC 5802 the server sets the number
of hash iterations, and a role may store any number for itself. libpq would run them all and block the process.
"""

import base64
import hashlib
import hmac
import secrets
import stringprep
import unicodedata
from dataclasses import dataclass, field

_ITERATIONS = 4096  # PostgreSQL's default; a generated password would need none
_PROHIBITED = (
    stringprep.in_table_a1,
    stringprep.in_table_c12,
    stringprep.in_table_c21_c22,
    stringprep.in_table_c3,
    stringprep.in_table_c4,
    stringprep.in_table_c5,
    stringprep.in_table_c6,
    stringprep.in_table_c7,
    stringprep.in_table_c8,
    stringprep.in_table_c9,
)


@dataclass(frozen=True)
class Proof:
    """Proof of a password: the verifier for the server, both keys for a login (libpq, scram_client_key)."""

    verifier: str = field(repr=False)
    client_key: str = field(repr=False)
    server_key: str = field(repr=False)


def password() -> str:
    """Generate a password: 43 characters that need no escaping in a URL."""
    return secrets.token_urlsafe(32)


def usable(clear: str) -> bool:
    """Whether PostgreSQL accepts it: an empty password means none, and a NUL ends a password."""
    return bool(_prepared(clear)) and "\0" not in clear


def proof(role: str, clear: str) -> Proof:
    """Return the deterministic proof of this password of this role. RFC 5802, section 3."""
    salt = hashlib.sha256(b"microservice-operator " + role.encode()).digest()[:16]
    salted = hashlib.pbkdf2_hmac("sha256", _prepared(clear).encode(), salt, _ITERATIONS)
    client_key = hmac.digest(salted, b"Client Key", "sha256")
    server_key = hmac.digest(salted, b"Server Key", "sha256")
    stored_key = hashlib.sha256(client_key).digest()
    keys = f"{_base64(stored_key)}:{_base64(server_key)}"
    verifier = f"SCRAM-SHA-256${_ITERATIONS}:{_base64(salt)}${keys}"
    return Proof(verifier, _base64(client_key), _base64(server_key))


def _base64(key: bytes) -> str:
    return base64.b64encode(key).decode()


def _prepared(clear: str) -> str:
    """Apply SASLprep (RFC 4013); use a refused password unchanged, as PostgreSQL and its clients do."""
    if clear.isascii():
        return clear
    mapped = "".join(
        " " if stringprep.in_table_c12(each) else each for each in clear if not stringprep.in_table_b1(each)
    )
    prepared = unicodedata.normalize("NFKC", mapped)
    refused = any(table(each) for each in prepared for table in _PROHIBITED)
    return clear if not prepared or refused or _mixes_directions(prepared) else prepared


def _mixes_directions(text: str) -> bool:
    """Whether it violates the rule on bidirectional text of RFC 3454, section 6."""
    if not any(map(stringprep.in_table_d1, text)):
        return False
    ends = (text[0], text[-1])
    return any(map(stringprep.in_table_d2, text)) or not all(map(stringprep.in_table_d1, ends))
