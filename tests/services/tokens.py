"""Tokens for the tests, and the key set with which the services verify them: a server in a thread of the test process.

It is plain HTTP, so the services get the URL of the key set. tests/services/issuer.py is an issuer with discovery.
"""

import json
from datetime import UTC, datetime, timedelta
from functools import cache
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any

import jwt
from cryptography.hazmat.primitives.asymmetric import rsa
from jwt.algorithms import RSAAlgorithm

ISSUER, AUDIENCE, KEY_ID = "https://issuer.shop.test", "shop", "tests"
ADMIN, CATALOGUE = "shop:admin", "shop:catalogue"


@cache
def _key() -> rsa.RSAPrivateKey:
    return rsa.generate_private_key(public_exponent=65537, key_size=2048)


def token(subject: str, *scopes: str, **claims: Any) -> str:
    """Return a token that is valid for an hour."""
    now = datetime.now(UTC)
    content = {"iss": ISSUER, "aud": AUDIENCE, "sub": subject, "iat": now, "exp": now + timedelta(hours=1)}
    content |= {"scope": " ".join(scopes)} if scopes else {}
    return jwt.encode({**content, **claims}, _key(), "RS256", headers={"kid": KEY_ID})


def bearer(subject: str, *scopes: str, **claims: Any) -> dict[str, str]:
    """Return the header of a request in the name of `subject`."""
    return {"authorization": f"Bearer {token(subject, *scopes, **claims)}"}


def staff() -> dict[str, str]:
    """Return the header of a request by somebody with all rights."""
    return bearer("staff", ADMIN, CATALOGUE)


@cache
def variables() -> dict[str, str]:
    """Return the environment variables of a service that accepts these tokens."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), _KeySet)
    Thread(target=server.serve_forever, daemon=True).start()
    return {
        "API_AUTH_ISSUER": ISSUER,
        "API_AUTH_AUDIENCES": AUDIENCE,
        "API_AUTH_JWKS_URL": f"http://127.0.0.1:{server.server_port}/keys",
    }


class _KeySet(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        key = RSAAlgorithm.to_jwk(_key().public_key(), as_dict=True)
        body = json.dumps({"keys": [{**key, "kid": KEY_ID, "alg": "RS256", "use": "sig"}]}).encode()
        self.send_response(200)
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: Any) -> None:
        """Say nothing."""
