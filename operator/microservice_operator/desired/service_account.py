"""The identity of the pods: one for each Microservice, without a token, for a service has no business with the API."""

from .context import Child, Context
from .metadata import child


def service_account(context: Context) -> Child:
    """The ServiceAccount."""
    return child(context, "ServiceAccount", context.microservice.name, {"automountServiceAccountToken": False})
