"""PURE: the ids of external resources that a status remembers; others may edit a status, so it is untrusted data."""

from ..aws.engine.arns import whole_id
from ..raw_objects import mappings, text
from .graph import Key


def remembered_ids(status: object) -> dict[Key, str]:
    """The external resources in `status.resources`: id by kind and name; "" if the id is not one that we write."""
    return {
        (text(item, "kind"), text(item, "name")): whole_id(text(item, "id"))
        for item in mappings(status, "resources")
        if text(item, "layer") != "Kubernetes"
    }
