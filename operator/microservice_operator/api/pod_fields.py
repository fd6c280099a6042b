"""Kubernetes types of further pod fields, and the keys that labels and annotations of pods must not have."""

import re
from ipaddress import ip_address
from typing import Annotated, Any

from pydantic import Field, StringConstraints

from .base import Model, Rule
from .patterns import pattern
from .scalars import ATOMIC, Keyed, LabelKey, LabelValue, ObjectName, ShortText, WithoutNulls

# as in Kubernetes; many lists of certificates or tags fit, and Kubernetes limits only the sum, to 256 KiB per object
AnnotationValue = Annotated[str, StringConstraints(max_length=8192)]
IP = Annotated[
    str,
    StringConstraints(max_length=39, pattern=pattern(r"^[0-9a-fA-F.:]+$", "an IP address such as 10.20.0.5")),
]
PodLabels = Annotated[dict[LabelKey, LabelValue], Field(max_length=32), WithoutNulls]
PodAnnotations = Annotated[dict[LabelKey, AnnotationValue], Field(max_length=32), WithoutNulls]
WorkingDir = Annotated[
    str, StringConstraints(min_length=1, max_length=1024, pattern=pattern(r"^/", "a path that starts with /"))
]

# selectors, controllers and network policies trust these labels
_RESERVED_LABELS = r"^(([-a-z0-9.]+\.)?(microservice-operator\.dev|kubernetes\.io|k8s\.io)/|pod-template-hash$)"
# the operator's own; profiles that could switch off AppArmor or seccomp; networks that no NetworkPolicy covers
_RESERVED_ANNOTATIONS = (
    r"^([-a-z0-9.]+\.)?"
    r"(microservice-operator\.dev|security\.(alpha|beta)\.kubernetes\.io|cni\.cncf\.io|multus-cni\.io"
    r"|cni\.projectcalico\.org)/"
)


def is_ip(text: str) -> bool:
    """Return whether a text is an address by the rules of the API server's isIP, which refuses IPv4 written as IPv6."""
    try:
        parsed = ip_address(text)
    except ValueError:
        return False
    return parsed.version != 6 or parsed.ipv4_mapped is None  # noqa: PLR2004 the version


class HostAlias(Model):
    """corev1.HostAlias."""

    ip: IP
    hostnames: Annotated[list[ObjectName], Field(min_length=1, max_length=32, json_schema_extra=ATOMIC)]
    rules = (
        Rule(
            cel="isIP(self.ip)",
            holds=lambda self: is_ip(self.ip),
            message="hostAliases: ip is not an IP address; write one such as 10.20.0.5",
            field="ip",
        ),
    )


class DNSConfigOption(Model):
    """corev1.PodDNSConfigOption."""

    name: Annotated[str, StringConstraints(min_length=1, max_length=253)]
    value: ShortText | None = None


class DNSConfig(Model):
    """corev1.PodDNSConfig; added to the cluster's DNS configuration."""

    nameservers: Annotated[list[IP], Field(max_length=3, json_schema_extra=ATOMIC)] | None = None
    # eight of the longest are within Kubernetes' limit of 2048 characters
    searches: Annotated[list[ObjectName], Field(max_length=8, json_schema_extra=ATOMIC)] | None = None
    options: Annotated[list[DNSConfigOption], Field(max_length=16, json_schema_extra=ATOMIC)] | None = None
    rules = (
        Rule(
            cel="!has(self.nameservers) || self.nameservers.all(n, isIP(n))",
            holds=lambda self: all(is_ip(server) for server in self.nameservers or []),
            message="dnsConfig: one of nameservers is not an IP address; write one such as 10.20.0.5",
            field="nameservers",
        ),
    )


HostAliases = Annotated[list[HostAlias], Field(max_length=32), Keyed(("ip",))]


def _none_of(field: str, attribute: str, keys: str, message: str) -> Rule:
    escaped = keys.replace("\\", "\\\\")

    def holds(self: Any) -> bool:
        return not any(re.search(keys, key) for key in getattr(self, attribute) or {})

    cel = f"!has(self.{field}) || self.{field}.all(k, !k.matches('{escaped}'))"
    return Rule(cel=cel, holds=holds, message=message, field=field)


POD_RULES = (
    _none_of(
        "podLabels",
        "pod_labels",
        _RESERVED_LABELS,
        "podLabels: selectors and controllers use the keys of microservice-operator.dev, kubernetes.io and k8s.io, and"
        " pod-template-hash; choose another key",
    ),
    _none_of(
        "podAnnotations",
        "pod_annotations",
        _RESERVED_ANNOTATIONS,
        "podAnnotations: the keys of microservice-operator.dev are the operator's, and security profiles and additional"
        " networks would weaken the pod's isolation; remove the key, or use podSecurityContext or access",
    ),
    Rule(
        cel="!has(self.progressDeadlineSeconds) || !has(self.minReadySeconds)"
        " || self.progressDeadlineSeconds > self.minReadySeconds",
        holds=lambda self: (
            None in (self.progress_deadline_seconds, self.min_ready_seconds)
            or self.progress_deadline_seconds > self.min_ready_seconds
        ),
        message="progressDeadlineSeconds must exceed minReadySeconds, otherwise no rollout could finish; raise it or"
        " lower minReadySeconds",
        field="progressDeadlineSeconds",
    ),
)
