"""PURE: selects the Environment of a Microservice.

`spec.environment` comes first, then the namespace's label, then the default Environment. A default is chosen once: if
the one in use is deleted or no longer the default, its Microservices stay unchanged until a person says which applies.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from enum import StrEnum

from . import names
from .errors import NotYet
from .facts import Reason


class Source(StrEnum):
    """Source of the Environment's name, as in `status.environmentFrom`."""

    SPEC = "Spec"
    NAMESPACE = "Namespace"
    DEFAULT = "Default"


@dataclass(frozen=True)
class Used:
    """The Environment of the last reconciliation, from the status; "" for none."""

    name: str = ""
    source: str = ""


@dataclass(frozen=True)
class Environments:
    """Names of all Environments, and of those that are marked as default."""

    existing: Collection[str]
    defaults: Collection[str]


def select(named: str | None, labels: Mapping[str, str] | None, environments: Environments, used: Used) -> Used:
    """Return the name of the Environment that applies, and the source of that name.

    `labels` are those of the namespace, `None` if unknown.
    Raises LookupError with a message if the Environment does not exist, NotYet if the namespace is not known yet.
    """
    if labels is None:
        # They may name another Environment, even one with another account, or exclude the namespace from the named one.
        # Resources that were retained in an earlier namespace of this name are told by its UID.
        raise NotYet(Reason.WAITING, "the namespace is not known yet", 1.0)
    if named:
        return _existing(Used(named, Source.SPEC), environments, "create it or name another in spec.environment")
    labelled = labels.get(names.LABEL_ENVIRONMENT)
    if labelled:
        chosen = Used(labelled, Source.NAMESPACE)
        return _existing(chosen, environments, f"create it or correct the namespace's label {names.LABEL_ENVIRONMENT}")
    return _default(environments, used)


def _existing(chosen: Used, environments: Environments, remedy: str) -> Used:
    if chosen.name not in environments.existing:
        raise LookupError(f"Environment {chosen.name} does not exist; {remedy}")
    return chosen


def _default(environments: Environments, used: Used) -> Used:
    """Keep the default in use while it is marked; otherwise use another marked one."""
    if used.source != Source.DEFAULT or used.name in environments.defaults:
        name = used.name if used.source == Source.DEFAULT else min(environments.defaults, default="")
        return Used(name, Source.DEFAULT) if name else Used()
    if used.name not in environments.existing:
        raise LookupError(
            f"Environment {used.name}, the default that this Microservice uses, no longer exists; "
            "create it again, or name another in spec.environment"
        )
    if not environments.defaults:
        raise LookupError(
            f"Environment {used.name}, which this Microservice uses, is no longer marked as default; "
            f"set its annotation {names.ANNOTATION_DEFAULT_ENVIRONMENT} to true again, or name it in spec.environment"
        )
    return Used(min(environments.defaults), Source.DEFAULT)
