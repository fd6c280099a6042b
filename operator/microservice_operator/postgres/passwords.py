"""Passwords of database roles: made, and compared with what the server stores, without ever sending one in clear text.

The server is given a SCRAM verifier, so that no statement, and so no log of the server, holds a password (PostgreSQL,
"ALTER ROLE": the client's own encryption is preferred for that reason).
"""

import base64
import hashlib
import hmac
import secrets
import unicodedata

_PREFIX = "SCRAM-SHA-256"


def password() -> str:
    """A new password: 43 characters that need no escaping in a URL."""
    return secrets.token_urlsafe(32)


def matches(verifier: str | None, clear: str) -> bool:
    """Does the stored verifier belong to this password? RFC 5803, `SCRAM-SHA-256$iterations:salt$stored:server`."""
    try:
        prefix, parameters, keys = (verifier or "").split("$")
        iterations, salt = parameters.split(":")
        stored = base64.b64decode(keys.split(":")[0])
        prepared = unicodedata.normalize("NFKC", clear).encode()
        salted = hashlib.pbkdf2_hmac("sha256", prepared, base64.b64decode(salt), int(iterations))
    except ValueError:
        return False
    client_key = hmac.digest(salted, b"Client Key", "sha256")
    return prefix == _PREFIX and hmac.compare_digest(hashlib.sha256(client_key).digest(), stored)
