"""The identity of the pods: one for each Microservice, without a token, for a service has no business with the API."""

from typing import Any

from .. import names
from .context import Child, Context
from .metadata import child


def service_account(context: Context) -> Child:
    """The ServiceAccount; for IRSA it names the role, and AWS's webhook gives the pods a token for AWS alone."""
    fields: dict[str, Any] = {"automountServiceAccountToken": False}
    if context.role_arn:
        fields["metadata"] = {"annotations": {names.ANNOTATION_ROLE: context.role_arn}}
    return child(context, "ServiceAccount", context.microservice.name, fields)
