"""PURE: the placeholders for values that only a cluster or an Environment has. Each says which value it stands for.

They are valid where the value would be: in names, host names, ARNs and YAML. All of them start with `unknown-`.
"""

from collections.abc import Callable

REGION = "unknown-region"
ACCOUNT_ID = "unknown-account-id"
CLUSTER_ID = "unknown-cluster-id"
UID = "unknown-uid"
DATABASE_HOST = "unknown-database-host"
DATABASE_NAME = "unknown-database-name"
USER_NAME = "unknown-user-name"
PASSWORD = "unknown-password"  # noqa: S105 a placeholder
CERTIFICATES = "unknown-certificates"
_HASH = "unknown-hash"


def cloud_name(namespace: str, microservice: str, part: str) -> str:
    """Return the name of a resource outside the cluster; the real one ends with a hash that includes the cluster."""
    return f"{namespace}-{microservice}-{part}-{_HASH}"


def cloud_names(namespace: str, microservice: str) -> Callable[[str, int], str]:
    """Return the function that gives each part of a Microservice its name, whatever the limit of its length."""
    return lambda part, _limit: cloud_name(namespace, microservice, part)
