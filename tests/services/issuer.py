"""A token issuer with HTTPS, discovery and keys. Its certificate and its keys are created for the test."""

import asyncio
import json
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import jwt
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.x509.oid import NameOID
from jwt.algorithms import RSAAlgorithm


def _key() -> rsa.RSAPrivateKey:
    return rsa.generate_private_key(public_exponent=65537, key_size=2048)


@dataclass
class Issuer:
    """Signs the tokens that a test needs."""

    url: str
    authority: Path
    """the CA certificate for its TLS certificate"""
    key_id: str = "one"
    document: dict[str, Any] = field(default_factory=dict)
    """overrides of its discovery document"""
    fetched: int = 0
    """number of requests for its keys"""
    answers: asyncio.Event = field(default_factory=asyncio.Event)
    """cleared: the issuer accepts requests and does not respond"""
    server: asyncio.Server = field(init=False)
    _signs: rsa.RSAPrivateKey = field(default_factory=_key)
    _other: rsa.RSAPrivateKey = field(default_factory=_key)

    def token(self, **claims: Any) -> str:
        return jwt.encode(self._claims(claims), self._signs, "RS256", headers={"kid": "one"})

    def signed_by_another(self, **claims: Any) -> str:
        return jwt.encode(self._claims(claims), self._other, "RS256", headers={"kid": "two"})

    def unsigned(self, **claims: Any) -> str:
        return jwt.encode(self._claims(claims), "", "none", headers={"kid": "one"})

    def with_public_key_as_secret(self, **claims: Any) -> str:
        """The classic key confusion: the public key as the secret of an HMAC."""
        numbers = str(self._signs.public_key().public_numbers().n)
        return jwt.encode(self._claims(claims), numbers, "HS256", headers={"kid": "one"})

    def _claims(self, changes: dict[str, Any]) -> dict[str, Any]:
        """`exp`, `nbf` and `iat` are seconds from now. Claims that are None are omitted."""
        now = datetime.now(UTC)
        claims = {"iss": self.url, "exp": 60, "iat": -1, **changes}
        for name in {"exp", "nbf", "iat"} & claims.keys():
            if claims[name] is not None:
                claims[name] = now + timedelta(seconds=claims[name])
        return {name: value for name, value in claims.items() if value is not None}

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        path = (await reader.readuntil(b"\r\n\r\n")).split(b" ")[1].decode()
        await self.answers.wait()
        if path == "/keys":
            self.fetched += 1
            key = RSAAlgorithm.to_jwk(self._signs.public_key(), as_dict=True)
            answer: dict[str, Any] = {"keys": [{**key, "kid": self.key_id, "alg": "RS256", "use": "sig"}]}
        else:
            assert path == "/.well-known/openid-configuration"
            answer = {"issuer": self.url, "jwks_uri": f"{self.url}/keys", **self.document}
        body = json.dumps(answer).encode()
        writer.write(b"HTTP/1.1 200 OK\r\nconnection: close\r\ncontent-length: %d\r\n\r\n" % len(body) + body)
        await writer.drain()
        writer.close()


@asynccontextmanager
async def running_issuer(folder: Path) -> AsyncIterator[Issuer]:
    """Run an issuer on loopback."""
    certificate, key = _certificate(folder)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    issuer = Issuer("", certificate)
    issuer.answers.set()
    issuer.server = await asyncio.start_server(issuer.serve, "127.0.0.1", 0, ssl=context)
    issuer.url = f"https://localhost:{issuer.server.sockets[0].getsockname()[1]}"
    yield issuer
    issuer.server.close()


def _certificate(folder: Path) -> tuple[Path, Path]:
    key, now = ec.generate_private_key(ec.SECP256R1()), datetime.now(UTC)
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "localhost")])
    signed = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(minutes=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("localhost")]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    certificate, private = folder / "issuer.crt", folder / "issuer.key"
    certificate.write_bytes(signed.public_bytes(serialization.Encoding.PEM))
    how = (serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    private.write_bytes(key.private_bytes(*how))
    return certificate, private
