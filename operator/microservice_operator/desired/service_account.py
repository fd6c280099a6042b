"""Builds the ServiceAccount, the identity of the pods: one per Microservice.

It has no token, because a service does not call the Kubernetes API.
"""

from typing import Any

from .. import names
from .context import Child, Context
from .metadata import child


def service_account(context: Context) -> Child:
    """Build the ServiceAccount; for IRSA it names the role, and AWS's webhook gives the pods a token only for AWS."""
    fields: dict[str, Any] = {"automountServiceAccountToken": False}
    if context.role_arn:
        fields["metadata"] = {"annotations": {names.ANNOTATION_ROLE: context.role_arn}}
    return child(context, "ServiceAccount", context.microservice.name, fields)
