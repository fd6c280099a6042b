"""PURE: which Environment applies to a Microservice.

`spec.environment` comes first, then the namespace's label, then the Environment that is marked as default. A default is
chosen once: when the one in use is gone or no longer marked, that is not taken for "there never was one". Its
Microservices stay as they are until somebody says what applies.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from enum import StrEnum

from . import names
from .errors import NotYet
from .facts import Reason


class Source(StrEnum):
    """What chose the Environment; `status.environmentFrom` says it."""

    SPEC = "Spec"
    NAMESPACE = "Namespace"
    DEFAULT = "Default"


@dataclass(frozen=True)
class Used:
    """The Environment that the last pass used, as status remembers it; "" for none."""

    name: str = ""
    source: str = ""


@dataclass(frozen=True)
class Environments:
    """The Environments that there are, and those of them that are marked as default."""

    existing: Collection[str]
    defaults: Collection[str]


def select(named: str | None, labels: Mapping[str, str] | None, found: Environments, used: Used) -> Used:
    """The name of the Environment that applies, and what chose it.

    `labels` are those of the namespace, `None` if they are not known.
    Raises LookupError with a sentence where it does not exist, NotYet where the namespace is not known yet.
    """
    if named:
        return _existing(Used(named, Source.SPEC), found, "create it or name another in spec.environment")
    if labels is None:
        # A label of the namespace may name another Environment, of another account even.
        raise NotYet(Reason.WAITING, "the labels of the namespace are not known yet", 1.0)
    labelled = labels.get(names.LABEL_ENVIRONMENT)
    if labelled:
        chosen = Used(labelled, Source.NAMESPACE)
        return _existing(chosen, found, f"create it or correct the namespace's label {names.LABEL_ENVIRONMENT}")
    return _default(found, used)


def _existing(chosen: Used, found: Environments, remedy: str) -> Used:
    if chosen.name not in found.existing:
        raise LookupError(f"Environment {chosen.name} does not exist; {remedy}")
    return chosen


def _default(found: Environments, used: Used) -> Used:
    """The default in use stays for as long as it is marked; only a mark beside it can move that."""
    if used.source != Source.DEFAULT or used.name in found.defaults:
        name = used.name if used.source == Source.DEFAULT else min(found.defaults, default="")
        return Used(name, Source.DEFAULT) if name else Used()
    if used.name not in found.existing:
        raise LookupError(
            f"Environment {used.name}, the default that this Microservice uses, does not exist any more; "
            "create it again, or name another in spec.environment"
        )
    if not found.defaults:
        raise LookupError(
            f"Environment {used.name}, which this Microservice uses, is not marked as default any more; "
            f"set its annotation {names.ANNOTATION_DEFAULT_ENVIRONMENT} to true again, or name it in spec.environment"
        )
    return Used(min(found.defaults), Source.DEFAULT)
