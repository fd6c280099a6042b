"""Passwords of database roles: made, and turned into what proves them, without ever sending one in clear text.

The server is given a SCRAM verifier, so that no statement, and so no log of the server, holds a password (PostgreSQL,
"ALTER ROLE": the client's own encryption is preferred for that reason). The salt is made of the role's name, so that a
verifier can be compared as it is and its keys are known before a login: RFC 5802 has the server say how often the
client hashes, a role may store any number for itself, and libpq would hash that often, with the process standing still.
"""

import base64
import hashlib
import hmac
import secrets
import stringprep
import unicodedata
from dataclasses import dataclass, field

_ITERATIONS = 4096  # PostgreSQL's own; a generated password needs none at all
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
    """What proves a password: to the server its verifier, in a login both keys (libpq, scram_client_key)."""

    verifier: str = field(repr=False)
    client_key: str = field(repr=False)
    server_key: str = field(repr=False)


def password() -> str:
    """A new password: 43 characters that need no escaping in a URL."""
    return secrets.token_urlsafe(32)


def usable(clear: str) -> bool:
    """PostgreSQL takes an empty password for none at all, and ends one at its first NUL."""
    return bool(_prepared(clear)) and "\0" not in clear


def proof(role: str, clear: str) -> Proof:
    """What proves this password of this role; the same each time. RFC 5802, section 3."""
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
    """SASLprep (RFC 4013); what it refuses is used as it is, which is what PostgreSQL and its clients do."""
    if clear.isascii():
        return clear
    mapped = "".join(
        " " if stringprep.in_table_c12(each) else each for each in clear if not stringprep.in_table_b1(each)
    )
    prepared = unicodedata.normalize("NFKC", mapped)
    refused = any(table(each) for each in prepared for table in _PROHIBITED)
    return clear if not prepared or refused or _mixes_directions(prepared) else prepared


def _mixes_directions(text: str) -> bool:
    """RFC 3454, section 6."""
    if not any(map(stringprep.in_table_d1, text)):
        return False
    ends = (text[0], text[-1])
    return any(map(stringprep.in_table_d2, text)) or not all(map(stringprep.in_table_d1, ends))
