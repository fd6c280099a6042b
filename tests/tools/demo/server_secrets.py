"""Secrets that must not be in git: PostgreSQL's admin password, and certificates and keys of servers.

They are created once for each cluster: a running server keeps its values, so an existing Secret stays unchanged.
"""

import base64
import secrets

from tests.tools.cluster.certificates import Pair, authority, issue

from .kubectl import Kubectl, Object

NAMESPACE = "local-aws"
HOSTS = ("postgres.local-aws.svc", "postgres.local-aws.svc.cluster.local", "postgres.local-aws", "postgres")
RDS_HOSTS = tuple(f"rds-{number}.local-aws.svc" for number in range(4))


def make_server_secrets(kubectl: Kubectl) -> None:
    """Create the missing Secrets; those of one server together."""
    there = {item["metadata"]["name"] for item in kubectl.listed("secret", f"--namespace={NAMESPACE}")}
    for secrets_of in (_postgres, _rds):
        made = secrets_of()
        if not {item["metadata"]["name"] for item in made} <= there:
            kubectl.apply(made)


def _postgres() -> list[Object]:
    ca = authority("microservice-operator-demo")
    server = issue(ca, "postgres", hosts=HOSTS)
    admin = {
        "username": b"postgres",
        "password": secrets.token_urlsafe(24).encode(),
        "ca.crt": ca.certificate,
    }
    return [_secret("postgres-admin", "Opaque", admin), _tls("postgres-tls", server)]


def _rds() -> list[Object]:
    """The certificate of RDS's instances, and the bundle that AWS would offer for download."""
    ca = authority("RDS of microservice-operator-demo")
    bundle = {"ca.crt": ca.certificate}
    return [_secret("rds-ca", "Opaque", bundle), _tls("rds-tls", issue(ca, "rds", hosts=RDS_HOSTS))]


def _tls(name: str, pair: Pair) -> Object:
    return _secret(name, "kubernetes.io/tls", {"tls.crt": pair.certificate, "tls.key": pair.key})


def _secret(name: str, kind: str, values: dict[str, bytes]) -> Object:
    return {
        "apiVersion": "v1",
        "kind": "Secret",
        "metadata": {"name": name, "namespace": NAMESPACE},
        "type": kind,
        "data": {key: base64.b64encode(value).decode() for key, value in values.items()},
    }
