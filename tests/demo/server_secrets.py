"""What must not be in git: the PostgreSQL server's admin password, its certificate and key.

Made once for a cluster: the server keeps the password that it was started with, so a Secret that is there stays.
"""

import base64
import secrets

from tests.cluster.certificates import authority, issue

from .kubectl import Kubectl, Object

NAMESPACE = "local-aws"
HOSTS = ("postgres.local-aws.svc", "postgres.local-aws.svc.cluster.local", "postgres.local-aws", "postgres")


def make_server_secrets(kubectl: Kubectl) -> None:
    """Create both Secrets, together, where they are not there."""
    there = {item["metadata"]["name"] for item in kubectl.listed("secret", f"--namespace={NAMESPACE}")}
    if {"postgres-admin", "postgres-tls"} <= there:
        return
    ca = authority("microservice-operator-demo")
    server = issue(ca, "postgres", hosts=HOSTS)
    admin = {
        "username": b"postgres",
        "password": secrets.token_urlsafe(24).encode(),
        "ca.crt": ca.certificate,
    }
    kubectl.apply(
        [
            _secret("postgres-admin", "Opaque", admin),
            _secret("postgres-tls", "kubernetes.io/tls", {"tls.crt": server.certificate, "tls.key": server.key}),
        ]
    )


def _secret(name: str, kind: str, values: dict[str, bytes]) -> Object:
    return {
        "apiVersion": "v1",
        "kind": "Secret",
        "metadata": {"name": name, "namespace": NAMESPACE},
        "type": kind,
        "data": {key: base64.b64encode(value).decode() for key, value in values.items()},
    }
